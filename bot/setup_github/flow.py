"""The App manifest flow: manifest to GitHub, code back, keys into the settings file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from bot.app_manifest import ManifestError, read_manifest
from bot.sealing import new_key
from bot.settings import Settings
from bot.setup_github.errors import SetupError
from bot.setup_github.exchange import RegisteredApp, exchange
from bot.setup_github.listener import Listener
from bot.setup_github.page import to_github
from bot.setup_github.settings_file import SettingsFile, settings_file

ORGANIZATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})", re.ASCII)
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+", re.ASCII)
LONGEST_NAME = 34
GITHUB, GITHUB_API = "https://github.com", "https://api.github.com"
NEXT = """\
{name} (App {id}) is registered. Its settings are in {file}, for you alone to read.

Next:
  1. Install the App on repositories: {install_url}
  2. Load the settings: set -a; . {file}; set +a
  3. Start `lockgate web` and `lockgate worker`. GitHub sends to {url}/webhook.
  4. `lockgate doctor` looks whether all is well."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked for; `organization`, `url` and `name` may be empty."""

    organization: str
    url: str
    name: str
    file: Path
    port: int
    limit: timedelta


def register(
    wanted: Wanted, settings: Settings, environ: Mapping[str, str], show: Callable[[str], None]
) -> str:
    """Walk through the flow and return what to do next; `show` is given the page's address.

    Raises SetupError, with nothing kept, for everything that can go wrong.
    """
    url, web, api = _public_url(wanted, settings), *_github(settings)
    if wanted.organization and not ORGANIZATION.fullmatch(wanted.organization):
        raise SetupError(f"--organization is a GitHub organisation, not {wanted.organization!r}.")
    with settings_file(wanted.file, environ) as file, Listener(wanted.port) as listener:
        manifest = _manifest(wanted, url, listener.callback)
        owner = f"/organizations/{wanted.organization}" if wanted.organization else ""
        action = f"{web}{owner}/settings/apps/new?state={quote(listener.state)}"

        def take(code: str) -> RegisteredApp:
            app = exchange(code, api_url=api)
            _keep(file, app, url=url, web=web, api=api)
            return app

        show(listener.address)
        app = listener.wait(to_github(manifest, action), take, wanted.limit)
    return NEXT.format(
        name=app.name, id=app.id, file=wanted.file, install_url=app.install_url, url=url
    )


def _keep(file: SettingsFile, app: RegisteredApp, *, url: str, web: str, api: str) -> None:
    server = {"LOCKGATE_GITHUB_URL": web, "LOCKGATE_GITHUB_API_URL": api}
    file.keep(
        {
            "LOCKGATE_APP_ID": str(app.id),
            "LOCKGATE_WEBHOOK_SECRET": app.webhook_secret.get_secret_value(),
            "LOCKGATE_PRIVATE_KEY": app.pem.get_secret_value(),
            "LOCKGATE_SEALING_KEYS": new_key(),
            "LOCKGATE_PUBLIC_URL": url,
            **(server if web != GITHUB else {}),
        }
    )


def _manifest(wanted: Wanted, url: str, callback: str) -> Mapping[str, object]:
    try:
        manifest = read_manifest()
    except ManifestError as exc:
        raise SetupError(str(exc)) from exc
    # Names are unique on all of GitHub, so the plain one is soon gone.
    usual = f"{manifest.name}-{wanted.organization}" if wanted.organization else manifest.name
    name = (wanted.name or usual)[:LONGEST_NAME]
    return manifest.registration(name=name, url=url, redirect_url=callback)


def _public_url(wanted: Wanted, settings: Settings) -> str:
    url = (wanted.url or str(settings.public_url or "")).rstrip("/")
    if not url:
        raise SetupError(
            "Say where GitHub reaches this Lockgate: --url https://HOST, or LOCKGATE_PUBLIC_URL."
        )
    if not ORIGIN.fullmatch(url) or not urlsplit(url).hostname:
        raise SetupError(f"--url is an address such as https://lockgate.example.com, not {url!r}.")
    return url


def _github(settings: Settings) -> tuple[str, str]:
    """Where people and programs reach GitHub; raises SetupError where only one was set."""
    web = str(settings.github_url).rstrip("/")
    api = str(settings.github_api_url).rstrip("/")
    if (web == GITHUB) != (api == GITHUB_API):
        raise SetupError(
            "LOCKGATE_GITHUB_URL and LOCKGATE_GITHUB_API_URL belong together: of GitHub Enterprise "
            "Server they are https://HOST and https://HOST/api/v3."
        )
    return web, api
