"""The doors for programs, composed: the JSON API, built at the first request for it."""

from functools import cache

from fastapi import FastAPI

from bot import compose
from bot.api.access import Caller
from bot.api.app import api_app
from bot.api.authentication import Authenticate, caller_of
from bot.api.configuration import ConfigurationParts, configuration_routes
from bot.api.deployments import Parts, deployment_routes
from bot.api.rate_limit import RateLimiter
from bot.api.request_body import request_texts
from bot.api.status import StatusParts, status_routes
from bot.api_keys import ApiKeys
from bot.base_files import BaseFiles
from bot.database import Database
from bot.deferred import Built
from bot.deployment_reader import DeploymentReader
from bot.deployments import Deployments
from bot.github import GitHubClient
from bot.github_app import github_client
from bot.knowledge_doors import knowledge_doors
from bot.plans import Plans
from bot.program_commands import CommandIntake, Ledger
from bot.queue import Queue
from bot.rate_store import rate_storage
from bot.runs import Runs
from bot.sealing import Sealer
from bot.settings import Settings
from rag.catalogue import Catalogue, read_catalogue


def api(settings: Settings, database: Database, events: Queue) -> FastAPI:
    """The API over the store; writes go to the ledger and wait in the queue `events`."""
    reader = DeploymentReader(database)
    github_url = str(settings.github_url)

    @cache
    def catalogue() -> Catalogue:
        return read_catalogue(settings.catalogue_folder)

    @cache
    def github() -> GitHubClient:
        return github_client(settings)

    @cache
    def base_files() -> BaseFiles:
        return BaseFiles(github())

    deployments = Parts(
        reader=reader,
        plans=Plans(database, Sealer(compose.sealing_keys(settings))),
        intake=CommandIntake(database, events),
        ledger=Ledger(database),
        texts=request_texts(catalogue),
        github_url=github_url,
    )
    followed = StatusParts(
        reader=reader,
        histories=Deployments(database, compose.now),
        runs=Runs(database),
        github_url=github_url,
    )
    configuration = ConfigurationParts(
        settings=settings, read_file=lambda repo, path: base_files().read(repo, path)
    )
    knowledge = knowledge_doors(settings, github)
    return api_app(
        authenticate=_authenticate(ApiKeys(database)),
        limiter=RateLimiter(
            rate_storage(database, compose.redis_url(settings)),
            per_key=settings.api_requests_per_minute,
            per_address=settings.api_address_requests_per_minute,
        ),
        routers=(
            deployment_routes(deployments),
            status_routes(followed),
            configuration_routes(configuration),
            *knowledge.routers,
        ),
        lifespan=knowledge.lifespan,
        cors_origins=settings.api_cors_origins,
    )


def built_api(settings: Settings, database: Database, events: Queue) -> Built:
    """The API, to be mounted."""
    app = api(settings, database, events)
    return Built(app, app.router.lifespan_context(app))


def _authenticate(keys: ApiKeys) -> Authenticate:
    def authenticate(text: str) -> Caller | None:
        key = keys.find(text)
        return None if key is None else caller_of(key)

    return authenticate
