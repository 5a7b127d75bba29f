"""Who is calling: apps by signed JWT, installations and people by token."""

import base64
import binascii
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import jwt

from hub.core import Core, Event, locked
from hub.errors import ApiError, bad_credentials, forbidden, invalid, not_found
from hub.model import App, Installation, Json, Repository, Token, User
from hub.payloads import accounts
from hub.repositories import Repositories

TOKEN_LIFETIME = timedelta(hours=1)
JWT_LIFETIME_MAX = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller: an app itself, or an account acting with a token."""

    app: App | None = None
    token: Token | None = None


class Accounts:
    """Registered apps, their installations, and every token given out."""

    def __init__(self, core: Core, repositories: Repositories) -> None:
        self.core = core
        self.repositories = repositories
        self.tokens: dict[str, Token] = {}

    @locked
    def register_app(
        self,
        manifest: Mapping[str, object],
        *,
        owner: User,
        public_key_pem: str,
        webhook_secret: str,
        webhook_url: str | None = None,
        app_id: int | None = None,
    ) -> App:
        """Register an app from its manifest (the fields of a GitHub App manifest)."""
        name = str(manifest["name"])
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hook = manifest.get("hook_attributes")
        declared = str(hook.get("url", "")) if isinstance(hook, dict) else ""
        permissions, events = manifest.get("default_permissions"), manifest.get("default_events")
        app = App(
            id=app_id or self.core.next_id(),
            slug=slug,
            name=name,
            owner=owner,
            bot=self.repositories.add_user(f"{slug}[bot]", kind="Bot"),
            public_key_pem=public_key_pem,
            webhook_url=webhook_url or declared,
            webhook_secret=webhook_secret,
            permissions=dict(permissions) if isinstance(permissions, dict) else {},
            events=tuple(events) if isinstance(events, list) else (),
            hook_id=self.core.next_id(),
            external_url=str(manifest.get("url") or self.core.url),
            created_at=self.core.clock(),
        )
        self.core.apps[app.id] = app
        return app

    @locked
    def install(
        self, app: App, account: User, *, by: User, repositories: Iterable[Repository] | None = None
    ) -> Installation:
        """Install an app on an account (all repositories, or these) and tell it."""
        ids = None if repositories is None else frozenset(repo.id for repo in repositories)
        permissions = {"metadata": "read"} | app.permissions
        now, number = self.core.clock(), self.core.next_id()
        installed = Installation(number, app, account, permissions, ids, now)
        self.core.installations[installed.id] = installed
        names = ("id", "node_id", "name", "full_name", "private")
        covered = [
            {name: shape[name] for name in names}
            for shape in (accounts.repository(self.core, repo) for repo in self.covered(installed))
        ]
        body: Json = {"repositories": covered, "requester": None}
        event = Event("installation", "created", by, body, app_id=app.id, installation=installed)
        self.core.emit(event)
        return installed

    def covered(self, installed: Installation) -> list[Repository]:
        """Return the repositories an installation reaches."""
        return [repo for repo in self.core.repositories.values() if covers(installed, repo)]

    @locked
    def user_token(self, user: User) -> str:
        """Give a person a token of their own."""
        token = Token(f"ghp_{secrets.token_hex(18)}", user)
        self.tokens[token.value] = token
        return token.value

    @locked
    def installation_token(
        self,
        installed: Installation,
        *,
        repositories: Iterable[str] | None = None,
        repository_ids: Iterable[int] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> Token:
        """Give out a token for an hour, narrowed as asked; raise 422 for more than was granted."""
        reachable = {repo.name.lower(): repo.id for repo in self.covered(installed)}
        ids = set(repository_ids or ())
        for name in repositories or ():
            if name.lower() not in reachable:
                raise _beyond("repository")
            ids.add(reachable[name.lower()])
        if not ids <= set(reachable.values()):
            raise _beyond("repository")
        for permission, level in (permissions or {}).items():
            granted = installed.permissions.get(permission, "none")
            if LEVELS[level] > LEVELS[granted]:
                raise _beyond("permissions")
        narrowed = dict(permissions) if permissions else dict(installed.permissions)
        token = Token(
            value=f"ghs_{secrets.token_hex(18)}",
            user=installed.app.bot,
            expires_at=self.core.clock() + TOKEN_LIFETIME,
            installation=installed,
            permissions={"metadata": "read"} | narrowed,
            repository_ids=frozenset(ids) if ids else installed.repository_ids,
        )
        self.tokens[token.value] = token
        return token

    @locked
    def revoke(self, value: str) -> None:
        """Make a token useless, as an operator or GitHub itself may at any moment."""
        self.tokens.pop(value, None)

    def installation(self, installation_id: int, app: App) -> Installation:
        """Return an installation of this app by id; raise 404 for any other."""
        found = self.core.installations.get(installation_id)
        if found is None or found.app is not app:
            raise not_found()
        return found

    def installation_on(self, repo: Repository, app: App) -> Installation:
        """Return the app's installation on a repository; raise 404 when there is none."""
        for installed in self.core.installations.values():
            if installed.app is app and covers(installed, repo):
                return installed
        raise not_found()

    @locked
    def authenticate(self, header: str) -> Caller | None:
        """Return who an Authorization header names, None for no header; raise 401 otherwise."""
        if not header:
            return None
        scheme, _, value = header.partition(" ")
        match scheme.lower():
            case "basic":
                return Caller(token=self._live(_basic_password(value)))
            case "bearer" | "token" if value.count(".") == 2:  # noqa: PLR2004  a JWT has three parts
                return Caller(app=self._app(value))
            case "bearer" | "token":
                return Caller(token=self._live(value))
        raise bad_credentials()

    def _live(self, value: str) -> Token:
        token = self.tokens.get(value.strip())
        if token is None or (token.expires_at and token.expires_at <= self.core.clock()):
            raise bad_credentials()
        return token

    def _app(self, encoded: str) -> App:
        """Verify an app's JWT; time is the hub's clock, so it is checked here and not by PyJWT."""
        try:
            issuer = jwt.decode(encoded, options={"verify_signature": False}).get("iss")
            app = self.core.apps.get(int(str(issuer)))
            if app is None:
                raise ApiError(404, "Integration not found")
            claims = jwt.decode(
                encoded,
                app.public_key_pem,
                algorithms=["RS256"],
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_iss": False,
                    "require": ["iat", "exp", "iss"],
                },
            )
            issued, expires = int(claims["iat"]), int(claims["exp"])
        except (jwt.InvalidTokenError, ValueError) as exc:
            raise ApiError(401, "A JSON web token could not be decoded") from exc
        now = self.core.clock().timestamp()
        if expires <= now:
            raise ApiError(
                401, "'Expiration time' claim ('exp') must be a numeric value in the future"
            )
        if expires - now > JWT_LIFETIME_MAX.total_seconds() + CLOCK_SKEW.total_seconds() / 2:
            raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
        if issued > now:
            raise ApiError(401, "'Issued at' claim ('iat') must be an Integer in the past")
        return app


def covers(installed: Installation, repo: Repository) -> bool:
    """Say whether an installation reaches a repository."""
    listed = installed.repository_ids is None or repo.id in installed.repository_ids
    return installed.account is repo.owner and listed


def allow(core: Core, caller: Caller | None, repo: Repository, needs: Mapping[str, str]) -> User:
    """Return the acting account; any one of `needs` (permission to level) is enough.

    Raise 404 for what the caller may not see, 403 for what it may not do.
    """
    if caller is None:
        if repo.private:
            raise not_found()
        raise ApiError(401, "Requires authentication")
    if caller.token is None:
        raise ApiError(401, "A JSON web token is not accepted here: use an installation token")
    token = caller.token
    if token.installation is not None:
        return _allow_installation(token, token.installation, repo, needs)
    role = core.role(repo, token.user)
    if role == "none":
        raise not_found()
    if set(needs) == {"checks"} and "write" in needs.values():
        raise forbidden("You must authenticate via a GitHub App.")
    conversing = needs.keys() & {"issues", "pull_requests", "metadata"}
    if not conversing and "write" in needs.values():
        core.need_write(repo, token.user)
    if "admin" in needs.values() and role != "admin":
        raise forbidden("Must have admin rights to Repository.")
    return token.user


def _allow_installation(
    token: Token, installed: Installation, repo: Repository, needs: Mapping[str, str]
) -> User:
    narrowed = token.repository_ids is None or repo.id in token.repository_ids
    if not (narrowed and covers(installed, repo)):
        raise not_found()
    granted = token.permissions or {}
    if not any(LEVELS[granted.get(name, "none")] >= LEVELS[level] for name, level in needs.items()):
        raise forbidden()
    return token.user


def _basic_password(value: str) -> str:
    try:
        _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise bad_credentials() from exc
    return password


def _beyond(field: str) -> ApiError:
    message = f"The {field} requested are not granted to this installation."
    return invalid("InstallationToken", field, message)
