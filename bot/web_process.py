"""The web process: the inbox, a queue, the texts of plans; API and MCP server when asked for."""

from contextlib import closing
from functools import partial

from starlette.routing import Mount, Route

from bot import compose
from bot.database import Database
from bot.deferred import Built, Deferred
from bot.deliveries import Inbox
from bot.intake import Intake, storing
from bot.optional_services import optional_services
from bot.plan_pages import plan_route, stored_text
from bot.queue import Queue, QueueName
from bot.settings import Settings
from bot.telemetry.start import telemetry
from bot.token_pages import public_keys, token_routes
from bot.web import serve, web_app


def _api(settings: Settings, database: Database, queue: Queue) -> Built:
    from bot.doors import built_api  # noqa: PLC0415 -- slow, and not needed for webhooks

    return built_api(settings, database, queue)


def _mcp(settings: Settings, api: Deferred) -> Built:
    from bot.mcp_server.http import built_mcp  # noqa: PLC0415 -- as above

    return built_mcp(settings, api)


def _metrics(settings: Settings) -> tuple[Route, ...]:
    if settings.metrics == "off":
        return ()
    from bot.telemetry.prometheus import metrics_route  # noqa: PLC0415 -- most do without

    return (metrics_route(),)


def _tokens(settings: Settings, database: Database) -> tuple[Route, ...]:
    issuer = compose.issuer(settings)
    return token_routes(issuer, partial(public_keys, database)) if issuer else ()


def serve_web(settings: Settings) -> None:
    """Take webhooks in until a signal ends the process."""
    assert settings.webhook_secret is not None, "checked by `read`"  # noqa: S101 -- types
    with telemetry(settings, "lockgate-web"), compose.opened_database(settings) as database:
        queue = Queue(
            QueueName.EVENTS,
            database_url=database.url,
            redis_url=compose.redis_url(settings),
        )
        with closing(queue):
            intake = Intake(storing(Inbox(database), queue))
            api = Deferred("API", partial(_api, settings, database, queue))
            mcp = Deferred("MCP server", partial(_mcp, settings, api))
            app = web_app(
                secret=settings.webhook_secret.get_secret_value().encode(),
                put=intake.put,
                dependencies={"database": database.ping, "queue": queue.ping},
                optional=optional_services(settings),
                routes=(
                    *_metrics(settings),
                    *_tokens(settings, database),
                    plan_route(partial(stored_text, database), key=compose.receipt_key(settings)),
                    Mount("/api/v1", app=api),
                    Route("/mcp", endpoint=mcp),
                ),
                close=intake.close,
                deferred=(mcp, api),
            )
            serve(app, host=settings.host, port=settings.port)
