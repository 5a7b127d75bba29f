"""Prometheus: the measures of the web process at `/metrics`, of a worker at a port of its own."""

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.queue import QueueName

log = structlog.get_logger(__name__)


def metrics_route() -> Route:
    """The measures of this process, for whoever reaches it: they name no one and no repository."""

    def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


def serve_metrics(host: str, first_port: int, queue: QueueName) -> None:
    """Serve a worker's measures; each queue has its place behind the first port.

    Where the port is taken the log says so: work goes on without being measured.
    """
    port = first_port + list(QueueName).index(queue)
    try:
        start_http_server(port, addr=host)
    except OSError as exc:
        log.error("measures not served", port=port, reason=str(exc))  # noqa: TRY400 -- no trace needed
