"""The client of this Lockgate's own GitHub App."""

from bot.github import GitHubClient
from bot.settings import Settings


def github_client(settings: Settings) -> GitHubClient:
    """The client of the App that the settings name."""
    assert settings.app_id is not None, "checked by `read`"  # noqa: S101 -- for the types
    return GitHubClient(
        api_url=str(settings.github_api_url),
        app_id=settings.app_id,
        private_key=settings.private_key_pem(),
    )
