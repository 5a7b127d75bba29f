"""Why a change should be taken back: what the cluster said, when, and of which resources."""

from datetime import datetime

from handlers.markdown import code, plain, table
from handlers.ports import ApplicationStatus
from handlers.sync_check import resources
from handlers.sync_verdict import HEALTHY
from terraform.project import Application


def evidence(
    application: Application, status: ApplicationStatus, healthy_at: str, ill_at: datetime
) -> str:
    """Times and words of the cluster as a table, and the resources that are not healthy."""
    healthy = f"{datetime.fromisoformat(healthy_at):%Y-%m-%d %H:%M:%S} UTC" if healthy_at else ""
    facts = [
        ("application", code(f"{application.kind} {application.namespace}/{application.name}")),
        ("revision", code(status.revision)),
        ("healthy at", healthy or "never with this revision"),
        ("ill at", f"{ill_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("health", plain(status.health)),
        ("says", plain(status.message) or "nothing"),
    ]
    parts = ["Health degraded after it:", table(("what", "said"), facts)]
    ill = [each for each in status.resources if each.health not in {"", HEALTHY}]
    if ill:
        parts.append(resources(ill))
    return "\n\n".join(parts)
