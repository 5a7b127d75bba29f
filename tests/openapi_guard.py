"""Holds the hub to GitHub's OpenAPI description: middleware for `HubServer(middleware=...)`.

It validates parameters, request bodies and answers. A violation is recorded and turned into a
500 that says what is wrong; a bad request the hub refused itself is no violation.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SLICE = Path(__file__).parent / "openapi" / "github.json"
ROOT = "urn:github"
API = ("/app", "/repos/", "/orgs/", "/users/", "/installation", "/rate_limit")
# GitHub documents no 401 or 403 for most operations, and sends them all the same.
REFUSALS = range(400, 600)
# Parameters that may hold slashes, though the description does not say so.
SLASHES = frozenset({"path", "ref", "branch", "basehead", "tree_sha"})
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or re.match(r"[a-z]+://\S+$", value) is not None or not value


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with the pattern its addresses match."""

    method: str
    template: str
    pattern: re.Pattern[str]
    description: dict[str, Any]


@dataclass(slots=True)
class Contract:
    """GitHub's description, ready to judge; `violations` and `exercised` fill as it does."""

    operations: tuple[Operation, ...]
    document: dict[str, Any]
    registry: Registry[Any]
    violations: list[str] = field(default_factory=list)
    exercised: set[tuple[str, str]] = field(default_factory=set)

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of an address, the most literal one first."""
        for operation in self.operations:
            matched = operation.pattern.fullmatch(path)
            if matched and operation.method == method:
                return operation, matched.groupdict()
        return None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference to a component."""
        if "$ref" not in node:
            return node
        kind, name = node["$ref"].split("/")[-2:]
        found: dict[str, Any] = self.document["components"][kind][name]
        return found

    def errors(self, schema: dict[str, Any], value: object) -> Iterator[str]:
        """Say where a value is not what a schema asks."""
        validator = Draft202012Validator(
            _absolute(schema), registry=self.registry, format_checker=FORMATS
        )
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message[:300]}"


def load_contract() -> Contract:
    """Read the slice that stands beside this file."""
    document = _json_schema(json.loads(SLICE.read_text(encoding="utf-8")))
    # The list's own copy of the schema wants an account to be a user and an enterprise at once;
    # the component it was copied from says: either.
    listed = document["paths"]["/app/installations"]["get"]["responses"]["200"]["content"]
    listed["application/json"]["schema"]["items"] = {"$ref": "#/components/schemas/installation"}
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource(ROOT, resource)
    operations = [
        Operation(method.upper(), template, _pattern(template), description)
        for template, item in document["paths"].items()
        for method, description in item.items()
        if method in {"get", "put", "post", "patch", "delete"}
    ]
    operations.sort(key=lambda one: (one.template.count("{"), -len(one.template)))
    return Contract(tuple(operations), document, registry)


class OpenApiGuard:
    """The middleware: `Middleware(OpenApiGuard, contract=contract)`."""

    def __init__(self, app: ASGIApp, contract: Contract) -> None:
        self.app = app
        self.contract = contract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and judge both sides of it."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        answer = _Answer()

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, answer.take)
        problems = list(self._judge(request, body, answer))
        if problems:
            self.contract.violations += problems
            await _complain(send, problems)
            return
        for message in answer.messages:
            await send(message)

    def _judge(self, request: Request, body: bytes, answer: "_Answer") -> Iterator[str]:
        where = f"{request.method} {request.url.path} -> {answer.status}"
        found = self.contract.find(request.method, request.url.path)
        if found is None:
            yield f"{where}: not an operation of the description"
            return
        operation, parameters = found
        self.contract.exercised.add((operation.method, operation.template))
        if answer.status not in REFUSALS:
            yield from self._parameters(where, operation, request, parameters)
            yield from self._body(where, operation, body)
        yield from self._answer(where, operation, answer)

    def _parameters(
        self, where: str, operation: Operation, request: Request, inside: dict[str, str]
    ) -> Iterator[str]:
        given = {
            "path": {name: unquote(value) for name, value in inside.items()},
            "query": dict(request.query_params),
        }
        declared = (
            [self.contract.resolve(one) for one in operation.description["parameters"]]
            if ("parameters" in operation.description)
            else []
        )
        known = {one["name"] for one in declared if one["in"] == "query"}
        for name in given["query"].keys() - known:
            yield f"{where}: unknown query parameter {name}"
        for one in declared:
            values = given.get(one["in"], {})
            if one["name"] not in values:
                continue
            value = _typed(values[one["name"]], one["schema"])
            for error in self.contract.errors(one["schema"], value):
                yield f"{where}: parameter {one['name']}: {error}"

    def _body(self, where: str, operation: Operation, body: bytes) -> Iterator[str]:
        described = operation.description.get("requestBody")
        if described is None:
            if body not in {b"", b"{}"}:
                yield f"{where}: a body where none is described"
            return
        if not body:
            if described.get("required"):
                yield f"{where}: no request body"
            return
        schema = described["content"]["application/json"]["schema"]
        for error in self.contract.errors(schema, json.loads(body)):
            yield f"{where}: request body {error}"

    def _answer(self, where: str, operation: Operation, answer: "_Answer") -> Iterator[str]:
        described = operation.description["responses"].get(str(answer.status))
        if described is None and answer.status not in REFUSALS:
            yield f"{where}: undocumented status"
            return
        if answer.status == 204:
            if answer.body:
                yield f"{where}: a body with 204"
            return
        content = self.contract.resolve(described or {}).get("content", {})
        basic = {"$ref": "#/components/schemas/basic-error"}
        schema = content.get("application/json", {}).get("schema", basic)
        for error in self.contract.errors(schema, json.loads(answer.body)):
            yield f"{where}: answer {error}"


class _Answer:
    """An answer held back until it is judged."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.body = b""

    async def take(self, message: Message) -> None:
        self.messages.append(message)
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def _complain(send: Send, problems: list[str]) -> None:
    body = json.dumps({"message": "; ".join(problems)}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    pattern = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        inside = ".+" if name in SLASHES else "[^/]+"
        pattern += f"(?P<{name}>{inside})" + re.escape(literal)
    return re.compile(pattern)


def _typed(value: str, schema: dict[str, Any]) -> object:
    kinds = schema.get("type")
    if kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds):
        return int(value) if value.lstrip("-").isdigit() else value
    if kinds == "boolean":
        return {"true": True, "false": False}.get(value, value)
    return value


def _absolute(schema: Any) -> Any:
    """Point a schema's references at the registered document."""
    if isinstance(schema, list):
        return [_absolute(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _absolute(part) for key, part in schema.items()}
    if isinstance(schema.get("$ref"), str):
        changed["$ref"] = ROOT + schema["$ref"]
    return changed


def _json_schema(node: Any) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: `nullable: true` becomes one more allowed type."""
    if isinstance(node, list):
        return [_json_schema(part) for part in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _json_schema(part) for key, part in node.items()}
    if isinstance(schema.get("oneOf"), list):
        # Several of GitHub's alternatives overlap (an error matches two of them): any will do.
        schema["anyOf"] = schema.pop("oneOf")
    if schema.pop("nullable", None) is not True:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}
