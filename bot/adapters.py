"""The adapters of a worker: GitHub, git, Terraform, policy, drafting and the cluster, as ports."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from bot.cluster_servers import clusters
from bot.compose import issuer, now, receipt_key
from bot.credentials import Credentials
from bot.drafting import Drafting
from bot.engine_choice import EngineChoice
from bot.github import GitHubClient
from bot.github_app import github_client
from bot.perform import Performer
from bot.plan_pages import plan_url
from bot.policy_checks import PolicyChecks
from bot.proposals import Proposals
from bot.publish import Publisher
from bot.repositories import Repositories
from bot.run_tokens import RunTokens
from bot.settings import Settings
from bot.sources import Sources
from bot.store import Store
from bot.telemetry.calls import traced
from bot.telemetry.terraform import terraform_tracing
from bot.terraform_runs import TerraformRuns
from bot.work_areas import WorkAreas
from handlers.errors import TransientError
from handlers.ports import Ports, no_page
from terraform.allowed_hosts import host_rule
from terraform.engines import Engines
from terraform.errors import SandboxMissingError
from terraform.mirror import cli_configuration, find_mirror, usual_roots
from terraform.provider_cache import ProviderCache
from terraform.proxy import Reach
from terraform.runner import Runner
from terraform.sandbox import Isolation, Sandbox, find_sandbox

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Adapters:
    """What handlers read through, what performs their actions, and the client beneath both."""

    ports: Ports
    perform: Performer
    github: GitHubClient


def adapters(settings: Settings, store: Store) -> Adapters:
    """Everything a worker reaches; programs are looked for when they are first needed."""
    github = github_client(settings)
    assert settings.app_id is not None, "checked by `read`"  # noqa: S101 -- for the types
    folder = settings.data_folder.resolve()
    mirrors = Sources(
        folder=folder / "mirrors", git_url=str(settings.github_url), token=github.token
    )
    sources = traced("sources", mirrors)
    areas = WorkAreas(folder / "work", sources)
    engines = Engines(
        Path(settings.terraform) if settings.terraform else None, settings.engines_folder
    )
    runner = _runner(settings, folder, engines)
    checks = traced("policy", PolicyChecks(settings, areas, sources))
    ports = Ports(
        bot_name=_slug(github),
        repositories=Repositories(github, app_id=settings.app_id),
        sources=sources,
        plans=store.plans,
        allowances=store.allowances,
        deployments=store.deployments,
        locks=store.locks,
        runs=store.runs,
        terraform=TerraformRuns(
            EngineChoice(runner, engines),
            areas,
            _credentials(settings, store),
            tracing=terraform_tracing(settings),
        ),
        policy=checks,
        drafting=traced("drafting", Drafting(settings, sources, runner, checks)),
        clusters=clusters(settings, os.environ),
        receipt_key=receipt_key(settings),
        now=now,
        plan_url=_plan_url(settings),
    )
    perform = Performer(
        publisher=Publisher(github, store.published, app_id=settings.app_id),
        proposals=Proposals(github),
        runs=store.runs,
        queues=store.queues,
        plans=store.plans,
        approvals=store.approvals,
        allowances=store.allowances,
        locks=store.locks,
        deployments=store.deployments,
        areas=areas,
        commands=store.commands,
        drift_schedules=store.drift_schedules,
    )
    return Adapters(ports, perform, github)


def _credentials(settings: Settings, store: Store) -> Credentials:
    public = issuer(settings)
    return Credentials(
        plan_file=settings.plan_environment_file,
        apply_file=settings.apply_environment_file,
        folder=settings.credentials_folder,
        tokens=RunTokens(public, store.token_keys, now) if public else None,
    )


def _plan_url(settings: Settings) -> Callable[[str], str]:
    if settings.public_url is None:
        return no_page
    return partial(plan_url, str(settings.public_url), key=receipt_key(settings))


def _slug(github: GitHubClient) -> str:
    """The App's name in mentions; asked until GitHub answers, since nothing works before."""
    asking = Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_random_exponential(multiplier=0.5, max=30),
        before_sleep=lambda attempt: log.warning(
            "GitHub does not answer the App yet",
            reason=str(attempt.outcome.exception() if attempt.outcome else ""),
        ),
    )
    return str(asking(github.app, "GET", "/app")["slug"])


def _sandbox(isolation: Isolation) -> Sandbox:
    """The sandbox, or one that refuses every command, so that each check says why."""
    try:
        return find_sandbox(isolation)
    except SandboxMissingError as exc:
        log.error("no sandbox, so nothing is planned", reason=str(exc))  # noqa: TRY400 -- no bug
        return Sandbox("", None, missing=str(exc))


def _runner(settings: Settings, folder: Path, engines: Engines) -> Runner:
    mirror = settings.provider_mirror or find_mirror(os.environ, usual_roots(Path.home()))
    off = settings.sandbox == "off-i-accept-the-risk"
    return Runner(
        engine=engines.choose(),
        sandbox=_sandbox(Isolation.UNSANDBOXED if off else Isolation.SANDBOXED),
        cli_configuration=cli_configuration(mirror),
        cache=ProviderCache(folder / "providers"),
        mirror=mirror,
        reach=Reach(inside=tuple(map(host_rule, settings.inside_hosts))),
    )
