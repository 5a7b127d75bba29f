"""Real git over smart HTTP: `git http-backend` behind basic auth, and what follows a push."""

import gzip
import subprocess
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.auth import allow
from hub.core import RefChange
from hub.errors import ApiError
from hub.git import ENVIRONMENT
from hub.model import ZERO_SHA, Repository, User
from hub.pktline import Push, read_push, refusal
from hub.state import Hub

TIMEOUT_SECONDS = 120
RECEIVE, UPLOAD = "git-receive-pack", "git-upload-pack"
PROTECTED = "protected branch hook declined"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


@dataclass(frozen=True, slots=True)
class GitRequest:
    """One request of the protocol, its body read (chunks joined) and unpacked."""

    method: str
    tail: str
    service: str
    query: str
    content_type: str
    protocol: str
    authorization: str
    body: bytes


async def serve(request: Request) -> Response:
    """Answer /{owner}/{repo}.git/(info/refs|git-upload-pack|git-receive-pack)."""
    body = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        body = await run_in_threadpool(gzip.decompress, body)
    tail = request.path_params["tail"]
    asked = GitRequest(
        method=request.method,
        tail=tail,
        service=request.query_params.get("service", tail),
        query=request.url.query,
        content_type=request.headers.get("content-type", ""),
        protocol=request.headers.get("git-protocol", ""),
        authorization=request.headers.get("authorization", ""),
        body=body,
    )
    full_name = f"{request.path_params['owner']}/{request.path_params['repo']}"
    hub: Hub = request.app.state.hub
    return await run_in_threadpool(_serve, hub, full_name, asked)


def _serve(hub: Hub, full_name: str, asked: GitRequest) -> Response:
    try:
        repo = hub.core.repository(full_name)
        user = _user(hub, repo, asked)
    except ApiError as exc:
        headers = CHALLENGE if exc.status == 401 else {}  # noqa: PLR2004  HTTP's own number
        return Response(exc.message, exc.status, headers)
    if asked.tail == RECEIVE and user is not None:
        return _receive(hub, repo, user, asked)
    return _backend(repo, asked, user)


def _user(hub: Hub, repo: Repository, asked: GitRequest) -> User | None:
    """Return who is asking; reading a public repository needs nobody."""
    pushing = asked.service == RECEIVE
    caller = hub.accounts.authenticate(asked.authorization)
    if caller is None and not repo.private and not pushing:
        return None
    if caller is None:
        raise ApiError(401, "Authentication required")
    return allow(hub.core, caller, repo, {"contents": "write" if pushing else "read"})


def _receive(hub: Hub, repo: Repository, user: User, asked: GitRequest) -> Response:
    """Take a push under the lock: refuse protected branches, then follow what moved."""
    try:
        push = read_push(asked.body)
    except ValueError as exc:
        return Response(f"not a push: {exc}", 400)
    with hub.core.lock:
        closed = _protected(repo, push)
        if closed:
            message = f"error: GH006: Protected branch update failed for {closed[0]}."
            report = refusal(push, closed, reason=PROTECTED, message=message)
            return Response(report, media_type=f"application/x-{RECEIVE}-result")
        answer = _backend(repo, asked, user)
        _follow(hub, repo, user, push)
    return answer


def _protected(repo: Repository, push: Push) -> list[str]:
    """Return the refs only GitHub itself may move: protected branches and pull request heads."""
    heads = "refs/heads/"
    return [
        command.ref
        for command in push.commands
        if command.ref.removeprefix(heads) in repo.protections
        or not command.ref.startswith((heads, "refs/tags/"))
    ]


def _follow(hub: Hub, repo: Repository, user: User, push: Push) -> None:
    git = hub.core.git(repo)
    for command in push.commands:
        now = git.ref(command.ref) or ZERO_SHA
        if now == command.after and command.before != command.after:
            change = RefChange(repo, command.ref, command.before, command.after, user)
            hub.core.ref_changed(change)


def _backend(repo: Repository, asked: GitRequest, user: User | None) -> Response:
    environment = ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(repo.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.path.name}/{asked.tail}",
        "REQUEST_METHOD": asked.method,
        "QUERY_STRING": asked.query,
        "CONTENT_TYPE": asked.content_type,
        "CONTENT_LENGTH": str(len(asked.body)),
        "GIT_PROTOCOL": asked.protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": user.login if user else "",
    }
    done = subprocess.run(
        ["git", "http-backend"],  # noqa: S607  found on PATH, as git itself does
        input=asked.body,
        env=environment,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    if not head:
        return Response("git http-backend gave no answer", 502)
    fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
    status = int(fields.pop("Status", "200").split(" ", 1)[0])
    return Response(body, status, fields)
