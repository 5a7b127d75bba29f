"""The world the demo and the tests begin with: acme, its people, its repository and its app."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.model import App, Installation, Protection, Repository, RequiredCheck, Role, User
from hub.state import Hub

ORGANIZATION = "acme"
PLATFORM_TEAM = "platform"
DEVELOPER, PLATFORM_ENGINEER, STRANGER = "alice", "bob", "mallory"
NAMES = {DEVELOPER: "Alice Novak", PLATFORM_ENGINEER: "Bob Osei", STRANGER: "Mallory Reyes"}
ROLES: dict[str, Role] = {DEVELOPER: "write", PLATFORM_ENGINEER: "admin"}


@dataclass(frozen=True, slots=True)
class Registration:
    """What registering an app takes: its manifest, its public key and where its webhooks go."""

    manifest: Mapping[str, object]
    public_key_pem: str
    webhook_secret: str = field(repr=False)
    webhook_url: str
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class Acme:
    """Everything that was seeded."""

    organization: User
    developer: User
    platform_engineer: User
    stranger: User
    repo: Repository
    app: App
    installation: Installation


def seed_acme(
    hub: Hub,
    registration: Registration,
    *,
    files: Mapping[str, str | bytes],
    repository: str = "infrastructure",
    private: bool = False,
    required_check: str | None = None,
    required_reviews: int = 0,
) -> Acme:
    """Make the organisation, its people, one repository with files, and install the app on it.

    With a required check or required reviews the default branch is protected: the check must
    come from this app.
    """
    make = hub.repositories
    organization = make.add_user(ORGANIZATION, kind="Organization", name="Acme")
    people = {login: make.add_user(login, name=name) for login, name in NAMES.items()}
    make.add_team(ORGANIZATION, PLATFORM_TEAM, [PLATFORM_ENGINEER])
    full_name = f"{ORGANIZATION}/{repository}"
    repo = make.add_repository(full_name, files, roles=ROLES, private=private)
    app = hub.accounts.register_app(
        registration.manifest,
        owner=organization,
        public_key_pem=registration.public_key_pem,
        webhook_secret=registration.webhook_secret,
        webhook_url=registration.webhook_url,
        app_id=registration.app_id,
    )
    hub.webhooks.ping(app)
    installed = hub.accounts.install(app, organization, by=people[PLATFORM_ENGINEER])
    if required_check or required_reviews:
        checks = (RequiredCheck(required_check, app.id),) if required_check else ()
        make.protect(repo, repo.default_branch, Protection(checks, required_reviews))
    return Acme(
        organization,
        people[DEVELOPER],
        people[PLATFORM_ENGINEER],
        people[STRANGER],
        repo,
        app,
        installed,
    )
