"""Apps made from a manifest: what a person confirms, and the code that buys the keys, once."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.auth import Accounts
from hub.core import Core, locked
from hub.errors import ApiError, forbidden, not_found
from hub.model import App, User
from hub.webhooks import Webhooks

# "You must complete all three steps within one hour."
CODE_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Made:
    """An app as its maker gets it, once: with everything that is secret about it."""

    app: App
    private_key_pem: str = field(repr=False)
    client_secret: str = field(repr=False)
    until: datetime


class Manifests:
    """Registers apps from manifests and hands out their keys for a code, once each."""

    def __init__(self, core: Core, accounts: Accounts, webhooks: Webhooks) -> None:
        self.core = core
        self.accounts = accounts
        self.webhooks = webhooks
        self._made: dict[str, Made] = {}

    @locked
    def register(self, manifest: Mapping[str, object], *, owner: User, by: User) -> str:
        """Register an app and return the code for its keys; raise 403 or 422.

        The keys and the webhook secret are made here, as GitHub makes them.
        """
        self._allow(owner, by)
        check(manifest, taken={app.name.lower() for app in self.core.apps.values()})
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        app = self.accounts.register_app(
            manifest,
            owner=owner,
            public_key_pem=public.decode(),
            webhook_secret=secrets.token_hex(20),
        )
        self.webhooks.ping(app)
        code, until = secrets.token_hex(20), self.core.clock() + CODE_LIFETIME
        self._made[code] = Made(app, private.decode(), secrets.token_hex(20), until)
        return code

    @locked
    def convert(self, code: str) -> Made:
        """Return what the code stands for; raise 404 for one unknown, used or too old."""
        made = self._made.pop(code, None)
        if made is None or made.until < self.core.clock():
            raise not_found()
        return made

    def _allow(self, owner: User, by: User) -> None:
        repositories = self.core.repositories.values()
        owned = [repo for repo in repositories if repo.owner is owner]
        if owner is not by and not any(self.core.role(repo, by) == "admin" for repo in owned):
            raise forbidden(f"Only owners of {owner.login} may register an app for it.")


def check(manifest: Mapping[str, object], *, taken: set[str]) -> None:
    """Raise 422 for a manifest that GitHub would refuse."""
    name = str(manifest.get("name", "")).strip()
    problems = [] if name else ["Name can't be blank"]
    if name.lower() in taken:
        problems.append("Name is already taken")
    hook = manifest.get("hook_attributes")
    addresses = {
        "Url": manifest.get("url"),
        "Redirect url": manifest.get("redirect_url"),
        "Hook url": hook.get("url") if isinstance(hook, Mapping) else None,
    }
    problems += [f"{field} must be a URL" for field, url in addresses.items() if not _is_url(url)]
    permissions, events = manifest.get("default_permissions"), manifest.get("default_events")
    if not isinstance(permissions, Mapping) or not isinstance(events, list):
        problems.append("Default permissions must be an object and default events a list")
    elif any(level not in {"read", "write", "admin"} for level in permissions.values()):
        problems.append("Default permission records resource is not included in the list")
    if problems:
        raise ApiError(422, f"Invalid GitHub App configuration: {', '.join(problems)}")


def origin(url: str) -> str:
    """Return the scheme and host of an address, for a page's policy."""
    parts = urlsplit(url)
    found = f"{parts.scheme}://{parts.netloc}"
    return found if re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", found) else "'none'"


def _is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
