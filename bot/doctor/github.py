"""Checks of the GitHub App: its key, what it may do and hears of, where it is installed."""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.app_manifest import MANIFEST, AppManifest, ManifestError, read_manifest
from bot.doctor.results import Result, failed, ok, unknown, warning
from bot.github import UNAUTHORISED, GitHubClient, GitHubError
from bot.settings import Settings
from handlers.errors import TransientError

LEVELS = {"read": 1, "write": 2, "admin": 3}
# GitHub gives it to every App.
UNASKED = frozenset({"metadata"})
SHOWN = 5
KEY_MEND = (
    "Generate a private key on the App's settings page and put it in LOCKGATE_PRIVATE_KEY_FILE; "
    "LOCKGATE_APP_ID must be the same App's."
)


class AppFacts:
    """What GitHub says of the App, asked once; for one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def client(self) -> GitHubClient:
        """A client of the App that closes its connections after each call."""
        assert self._settings.app_id is not None, "checked by `read`"  # noqa: S101 -- for types
        return GitHubClient(
            api_url=str(self._settings.github_api_url),
            app_id=self._settings.app_id,
            private_key=self._settings.private_key_pem(),
            transport=httpx.HTTPTransport(verify=ssl.create_default_context()),
        )

    @cached_property
    def app(self) -> Mapping[str, Any]:
        """The App itself; raises what the client raises."""
        return dict(self.client.app("GET", "/app"))

    @property
    def page(self) -> str:
        """The App's settings page, as far as it is known."""
        owner, slug = self.app["owner"], self.app["slug"]
        organization = owner.get("type") == "Organization"
        place = f"organizations/{owner['login']}/settings" if organization else "settings"
        return f"{str(self._settings.github_url).rstrip('/')}/{place}/apps/{slug}"


def asking(name: str, ask: Callable[[], Iterable[Result]]) -> Iterator[Result]:
    """What `ask` yields, or why GitHub did not say."""
    try:
        yield from ask()
    except GitHubError as exc:
        yield failed(name, f"GitHub refuses: {exc.status} {exc.message}.", KEY_MEND)
    except TransientError as exc:
        refused = isinstance(exc.__cause__, GitHubError) and exc.__cause__.status == UNAUTHORISED
        if refused:
            yield failed(name, "GitHub does not know the App's id with this key.", KEY_MEND)
            return
        yield unknown(
            name,
            f"GitHub did not say: {exc}.",
            "Look at githubstatus.com and at LOCKGATE_GITHUB_API_URL, and run this again.",
        )


def key(settings: Settings) -> Iterator[Result]:
    """Whether the private key is one that GitHub gives out."""
    name = "App key"
    try:
        loaded = load_pem_private_key(settings.private_key_pem().encode(), password=None)
    except (OSError, UnicodeError):
        yield failed(name, "Its file can't be read.", "Let Lockgate's user read it.")
        return
    except (ValueError, TypeError):
        yield failed(name, "It is no unencrypted PEM key.", KEY_MEND)
        return
    if not isinstance(loaded, RSAPrivateKey):
        yield failed(name, "It is no RSA key.", KEY_MEND)
        return
    yield ok(name, f"RSA, {loaded.key_size} bits.")


def identity(facts: AppFacts) -> Iterator[Result]:
    """Whether GitHub knows the App by this key."""
    yield ok("App", f"{facts.app['name']} (App {facts.app['id']}) answers.")


def rights(facts: AppFacts, manifest: Path = MANIFEST) -> Iterator[Result]:
    """Permissions and events of the App against those of `app.yml`."""
    try:
        wanted = read_manifest(manifest)
    except ManifestError as exc:
        yield unknown("Permissions", "Nobody can say what they must be.", str(exc))
        return
    where = f"{facts.page}/permissions"
    granted = facts.app["permissions"]
    yield _compared("Permissions", lacking(wanted, granted), surplus(wanted, granted), where)
    events, asked = set(facts.app["events"]), set(wanted.default_events)
    yield _compared("Events", sorted(asked - events), sorted(events - asked), where)


def installations(facts: AppFacts, manifest: Path = MANIFEST) -> Iterator[Result]:
    """Where the App is installed, and whether each place accepted its permissions."""
    name = "Installations"
    found = list(facts.client.app("GET", "/app/installations", params={"per_page": 100}))
    if not found:
        yield failed(
            name,
            "The App is not installed anywhere.",
            f"Install it: {str(facts.app['html_url']).rstrip('/')}/installations/new",
        )
        return
    try:
        wanted = read_manifest(manifest)
    except ManifestError as exc:
        yield unknown(name, "Nobody can say what they must accept.", str(exc))
        return
    behind = [each for each in found if lacking(wanted, each["permissions"])]
    asleep = [each for each in found if each.get("suspended_at")]
    if asleep or behind:
        parts = [f"suspended: {_accounts(asleep)}"] * bool(asleep)
        parts += [f"lacking permissions: {_accounts(behind)}"] * bool(behind)
        page = str((behind + asleep)[0]["html_url"])
        yield failed(name, f"{_sentence(parts)}.", f"Their owners accept or unsuspend it: {page}")
        return
    yield ok(name, f"{_accounts(found)}.")


def lacking(wanted: AppManifest, granted: Mapping[str, str]) -> list[str]:
    """The permissions that are missing or too low, with what they must be."""
    return [
        f"{name}: {level}"
        for name, level in sorted(wanted.default_permissions.items())
        if LEVELS.get(granted.get(name, ""), 0) < LEVELS[level]
    ]


def surplus(wanted: AppManifest, granted: Mapping[str, str]) -> list[str]:
    """The permissions that nothing needs, or not so high."""
    return [
        f"{name}: {level}"
        for name, level in sorted(granted.items())
        if name not in UNASKED
        and LEVELS.get(level, 0) > LEVELS.get(wanted.default_permissions.get(name, ""), 0)
    ]


def _compared(name: str, missing: list[str], extra: list[str], where: str) -> Result:
    parts = [f"missing {', '.join(missing)}"] * bool(missing)
    parts += [f"not needed {', '.join(extra)}"] * bool(extra)
    if missing:
        return failed(name, f"{_sentence(parts)}.", f"Correct them on {where}")
    if extra:
        return warning(name, f"{_sentence(parts)}.", f"Take them away on {where}")
    return ok(name, "As app.yml asks.")


def _sentence(parts: list[str]) -> str:
    joined = "; ".join(parts)
    return joined[:1].upper() + joined[1:]


def _accounts(found: list[Any]) -> str:
    names = [str((each.get("account") or {}).get("login", "?")) for each in found]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
