"""The exchange of the code that GitHub sends back for the App and its keys."""

import re
from collections.abc import Callable
from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, HttpUrl, SecretStr, ValidationError

from bot.github import API_VERSION, TIMEOUT
from bot.setup_github.errors import SetupError

CREATED, NOT_FOUND = 201, 404
# The settings file puts them in quotes, for shells as well: neither may hold one.
PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END [A-Z ]+-----\s*")
SECRET = re.compile(r"[!-&(-~]{16,200}", re.ASCII)


def _fits(form: re.Pattern[str]) -> Callable[[SecretStr], SecretStr]:
    def checked(value: SecretStr) -> SecretStr:
        if not form.fullmatch(value.get_secret_value()):
            raise ValueError("not in the form GitHub gives it")
        return value

    return checked


class RegisteredApp(BaseModel):
    """The App as GitHub made it; its keys are given out this once."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: int
    name: str
    html_url: HttpUrl
    pem: Annotated[SecretStr, AfterValidator(_fits(PEM))]
    webhook_secret: Annotated[SecretStr, AfterValidator(_fits(SECRET))]

    @property
    def install_url(self) -> str:
        """Where a person installs it on repositories."""
        return f"{str(self.html_url).rstrip('/')}/installations/new"


def exchange(code: str, *, api_url: str) -> RegisteredApp:
    """The App behind the code; raises SetupError. A code is good once, for an hour."""
    url = f"{api_url.rstrip('/')}/app-manifests/{code}/conversions"
    headers = {"accept": "application/vnd.github+json", "x-github-api-version": API_VERSION}
    try:
        answer = httpx.post(url, headers=headers, timeout=TIMEOUT, trust_env=False)
    except httpx.HTTPError as exc:
        raise SetupError(
            f"GitHub's API at {api_url} did not answer, so the App's keys can't be had. Delete "
            "the App on GitHub and run this again."
        ) from exc
    if answer.status_code == NOT_FOUND:
        raise SetupError("GitHub does not know this code (any more). Run this again.")
    if answer.status_code != CREATED:
        raise SetupError(f"GitHub answered {answer.status_code} to the code. Run this again.")
    try:
        return RegisteredApp.model_validate_json(answer.content)
    except ValidationError as exc:
        raise SetupError(
            "GitHub's answer lacks the App's key or webhook secret. Delete the App on GitHub and "
            "run this again."
        ) from exc
