"""Which checks there are, and what they are made with."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bot.doctor import clocks, github, machine, services, stores, tools, webhook
from bot.doctor.github import AppFacts, asking
from bot.doctor.results import Check, Result, failed, unknown
from bot.settings import Settings, SettingsError, read

SLOW_SECONDS = 60.0
# A cold Checkov on a busy machine imports for half a minute.
CHECKOV_SECONDS = 150.0
GITHUB = "GitHub"
MEND_SETTINGS = "Correct the settings first."
OF_THE_APP = ("LOCKGATE_APP_ID", "LOCKGATE_WEBHOOK_SECRET", "LOCKGATE_PRIVATE_KEY")


def checks(environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Everything a start needs, as far as the settings can be read."""
    try:
        settings = read(environ)
    except SettingsError as exc:
        return _half(exc, environ)
    return (
        *_of_machine(settings, partial(machine.settings_shape, settings)),
        *_of_github(settings),
        *_of_services(settings, environ),
    )


def _half(problem: SettingsError, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """What can be looked at while settings are missing; the rest is named as not looked at."""

    def wrong() -> Iterable[Result]:
        return [failed("Settings", one, _mend(one)) for one in problem.problems]

    try:
        settings = read(environ, for_github=False)
    except SettingsError:
        return (Check("Machine", "Settings", wrong), _not_looked_at("All else", "Everything"))
    return (
        *_of_machine(settings, wrong),
        _not_looked_at(GITHUB, "App"),
        *_of_services(settings, environ),
    )


def _mend(problem: str) -> str:
    missing = problem.startswith(OF_THE_APP) and " is missing" in problem
    return "`lockgate setup github` registers an App." if missing else "See docs/configuration.md."


def _not_looked_at(group: str, name: str) -> Check:
    result = unknown(name, "Not looked at: settings are wrong or missing.", MEND_SETTINGS)
    return Check(group, name, lambda: (result,))


def _of_machine(settings: Settings, shape: Callable[[], Iterable[Result]]) -> tuple[Check, ...]:
    return (
        Check("Machine", "Settings", shape),
        Check("Machine", "Data folder", partial(machine.data_folder, settings)),
        Check("Machine", "git", machine.git),
    )


def _of_github(settings: Settings) -> tuple[Check, ...]:
    def asked(name: str, ask: Callable[[AppFacts], Iterable[Result]]) -> Check:
        # One client each: it closes its connections after a call, and checks run side by side.
        facts = AppFacts(settings)
        return Check(GITHUB, name, partial(asking, name, partial(ask, facts)), SLOW_SECONDS)

    return (
        Check(GITHUB, "App key", partial(github.key, settings)),
        asked("App", github.identity),
        asked("Permissions", github.rights),
        asked("Installations", github.installations),
        asked("Webhook", webhook.webhook),
        Check(GITHUB, clocks.NAME, partial(clocks.github, settings)),
    )


def _of_services(settings: Settings, environ: Mapping[str, str]) -> tuple[Check, ...]:
    made: tuple[tuple[str, str, Callable[[], Iterable[Result]], float], ...] = (
        ("Stores", stores.DATABASE, partial(stores.database, settings), SLOW_SECONDS),
        ("Stores", "Queue", partial(stores.queue, settings), SLOW_SECONDS),
        ("Terraform", "Terraform", partial(tools.engine, settings), SLOW_SECONDS),
        ("Terraform", "Sandbox", partial(tools.sandbox, settings), SLOW_SECONDS),
        ("Terraform", "Providers", partial(tools.providers, settings), SLOW_SECONDS),
        ("Terraform", "Cloud keys", partial(machine.cloud_keys, settings), SLOW_SECONDS),
        ("Policy", "Checkov", partial(tools.checkov, settings), CHECKOV_SECONDS),
        ("Policy", "OPA", partial(tools.opa, settings), SLOW_SECONDS),
        ("Drafting", "Catalogue", partial(tools.catalogue, settings), SLOW_SECONDS),
        ("Services", services.MCP, partial(services.mcp_servers, settings, environ), SLOW_SECONDS),
        ("Services", "Web", partial(services.web, settings), SLOW_SECONDS),
        ("Services", services.RECEIVER, partial(services.telemetry, settings), SLOW_SECONDS),
    )
    return tuple(Check(*each) for each in made)
