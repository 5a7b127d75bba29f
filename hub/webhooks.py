"""Signed webhooks: one attempt within ten seconds, a log of each, redelivery when asked for."""

import hashlib
import hmac
import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass

import httpx

from hub.auth import covers
from hub.core import Core, Event, locked
from hub.errors import not_found
from hub.faults import Faults, WebhookFate
from hub.model import App, Delivery, Installation, Json
from hub.payloads import accounts

TIMEOUT_SECONDS = 10
LOGGED_RESPONSE_CHARACTERS = 64 * 1024
# Which permission (any of them) an app needs to hear of an event; the others always come.
NEEDED = {
    "issues": ("issues",),
    "issue_comment": ("issues", "pull_requests"),
    "pull_request": ("pull_requests",),
    "pull_request_review": ("pull_requests",),
    "push": ("contents",),
    "deployment": ("deployments",),
    "deployment_status": ("deployments",),
    "check_run": ("checks",),
    "check_suite": ("checks",),
    "status": ("statuses",),
    "workflow_run": ("actions",),
}
# Sent to an app with the permission, subscribed or not.
UNASKED = frozenset({"check_run", "check_suite", "installation", "ping"})


@dataclass(frozen=True, slots=True)
class _Stop:
    """Ends the sending thread."""


class Webhooks:
    """The delivery log and the thread that sends, in order, one after another."""

    def __init__(self, core: Core, faults: Faults) -> None:
        self.core = core
        self.faults = faults
        self.deliveries: dict[int, Delivery] = {}
        self._queue: queue.Queue[Delivery | _Stop] = queue.Queue()
        self._held: list[Delivery] = []
        self._timers: set[threading.Timer] = set()
        self._thread = threading.Thread(target=self._send_all, name="hub-webhooks", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what still waits is lost, as a hub's memory is."""
        for timer in tuple(self._timers):
            timer.cancel()
        if self._thread.is_alive():
            self._queue.put(_Stop())
            self._thread.join(timeout=TIMEOUT_SECONDS + 1)

    @locked
    def publish(self, event: Event) -> None:
        """Queue an event for every app that is to hear of it."""
        for installed in self._hearers(event):
            body = self._body(event, installed)
            repository_id = event.repo.id if event.repo else None
            delivery = self._delivery(
                installed.app,
                event.name,
                body,
                action=event.action,
                installation_id=installed.id,
                repository_id=repository_id,
            )
            self._dispatch(delivery)

    @locked
    def ping(self, app: App) -> Delivery:
        """Send the ping GitHub sends when a webhook is set up."""
        hook: Json = {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": True,
            "events": list(app.events),
            "config": {"content_type": "json", "insecure_ssl": "0", "url": app.webhook_url},
            "updated_at": accounts.time(app.created_at),
            "created_at": accounts.time(app.created_at),
            "app_id": app.id,
            "deliveries_url": f"{self.core.url}/app/hook/deliveries",
        }
        body: Json = {"zen": "Keep it logically awesome.", "hook_id": app.hook_id, "hook": hook}
        body["sender"] = accounts.user(self.core, app.owner)
        delivery = self._delivery(app, "ping", body)
        self._dispatch(delivery)
        return delivery

    @locked
    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send a delivery again under the same GUID."""
        app = self.core.apps[delivery.app_id]
        again = self._copy(delivery, redelivery=True)
        again.url = app.webhook_url
        self._dispatch(again)
        return again

    def get(self, app: App, delivery_id: int) -> Delivery:
        """Return a delivery to this app by id; raise 404 for any other."""
        found = self.deliveries.get(delivery_id)
        if found is None or found.app_id != app.id:
            raise not_found()
        return found

    def of(self, app: App) -> list[Delivery]:
        """Return the attempts to reach an app, newest first."""
        with self.core.lock:
            kept = [one for one in self.deliveries.values() if one.app_id == app.id]
        return [one for one in reversed(kept) if one.status != "pending"]

    def wait_idle(self, timeout_seconds: float = TIMEOUT_SECONDS) -> bool:
        """Wait until nothing is left to send; say whether that was reached in time."""
        end = time.monotonic() + timeout_seconds
        while self._queue.unfinished_tasks or self._timers:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _hearers(self, event: Event) -> list[Installation]:
        if event.installation is not None:
            return [event.installation]
        repo = event.repo
        if repo is None:
            return []
        return [
            installed
            for installed in self.core.installations.values()
            if covers(installed, repo)
            and event.app_id in {None, installed.app.id}
            and _may_hear(event.name, installed)
        ]

    def _body(self, event: Event, installed: Installation) -> Json:
        body: Json = {"action": event.action} if event.action else {}
        body |= event.body
        if event.repo:
            body["repository"] = accounts.repository(self.core, event.repo)
            if event.repo.owner.type == "Organization":
                body["organization"] = accounts.organization(self.core, event.repo.owner)
        if event.name == "push" and event.repo:
            body["repository"] |= {
                "created_at": int(event.repo.created_at.timestamp()),
                "pushed_at": int(event.repo.pushed_at.timestamp()),
                "stargazers": 0,
                "master_branch": event.repo.default_branch,
            }
        whole = event.name == "installation"
        short: Json = {"id": installed.id, "node_id": f"IN_{installed.id}"}
        body["installation"] = accounts.installation(self.core, installed) if whole else short
        body["sender"] = accounts.user(self.core, event.sender)
        return body

    def _delivery(
        self,
        app: App,
        event: str,
        body: Json,
        *,
        action: str | None = None,
        installation_id: int | None = None,
        repository_id: int | None = None,
    ) -> Delivery:
        raw, guid = json.dumps(body, ensure_ascii=False).encode(), str(uuid.uuid4())
        signature = hmac.new(app.webhook_secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/local",
            "X-GitHub-Delivery": guid,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": str(app.hook_id),
            "X-GitHub-Hook-Installation-Target-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return Delivery(
            id=self.core.next_id(),
            guid=guid,
            app_id=app.id,
            event=event,
            action=action,
            installation_id=installation_id,
            repository_id=repository_id,
            url=app.webhook_url,
            request_headers=headers,
            body=raw,
            delivered_at=self.core.clock(),
        )

    def _copy(self, delivery: Delivery, *, redelivery: bool) -> Delivery:
        return Delivery(
            id=self.core.next_id(),
            guid=delivery.guid,
            app_id=delivery.app_id,
            event=delivery.event,
            action=delivery.action,
            installation_id=delivery.installation_id,
            repository_id=delivery.repository_id,
            url=delivery.url,
            request_headers=dict(delivery.request_headers),
            body=delivery.body,
            delivered_at=self.core.clock(),
            redelivery=redelivery,
        )

    def _dispatch(self, delivery: Delivery) -> None:
        """Queue a delivery, unless the hub was told to misbehave with it."""
        self.deliveries[delivery.id] = delivery
        fate = self.faults.for_webhook(delivery.event, delivery.action)
        match fate:
            case WebhookFate("drop"):
                delivery.status, delivery.status_code = "Service Unavailable", 503
            case WebhookFate("delay", seconds):
                self._later(delivery, seconds)
            case WebhookFate("reorder"):
                self._held.append(delivery)
                return
            case WebhookFate("duplicate"):
                self._queue.put(delivery)
                twin = self._copy(delivery, redelivery=False)
                self.deliveries[twin.id] = twin
                self._queue.put(twin)
            case _:
                self._queue.put(delivery)
        self._release()

    def _release(self) -> None:
        """Send what was held back: it goes out after the one that came later."""
        for held in self._held:
            self._queue.put(held)
        self._held.clear()

    def _later(self, delivery: Delivery, seconds: float) -> None:
        def release() -> None:
            self._queue.put(delivery)
            self._timers.discard(timer)

        timer = threading.Timer(seconds, release)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()

    def _send_all(self) -> None:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            while not isinstance(delivery := self._queue.get(), _Stop):
                _send(client, delivery)
                self._queue.task_done()


def _may_hear(event: str, installed: Installation) -> bool:
    needed = NEEDED.get(event, ())
    granted = not needed or any(name in installed.permissions for name in needed)
    return granted and (event in UNASKED or event in installed.app.events)


def _send(client: httpx.Client, delivery: Delivery) -> None:
    """Make one attempt and note what came of it; GitHub follows no redirect."""
    started = time.monotonic()
    if not delivery.url:
        delivery.status, delivery.status_code = "no webhook URL", 0
        return
    try:
        response = client.post(
            delivery.url, content=delivery.body, headers=delivery.request_headers
        )
    except httpx.TimeoutException:
        status, code = "timed out", 504
    except (httpx.HTTPError, httpx.InvalidURL):
        status, code = "failed to connect to host", 502
    else:
        status, code = "OK" if response.is_success else response.reason_phrase, response.status_code
        delivery.response_headers = dict(response.headers)
        delivery.response_body = response.text[:LOGGED_RESPONSE_CHARACTERS]
    delivery.duration_seconds = round(time.monotonic() - started, 3)
    delivery.status_code = code
    delivery.status = status or str(code)
