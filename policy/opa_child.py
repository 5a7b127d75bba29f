"""Evaluate Rego with the OPA bindings, in a process of its own: a JSON request in, an answer out.

Run as a script by `policy.rego`; it imports nothing of Lockgate. The request names the folder of
the bindings, the policies by path, the input, the data and the limits.
"""

import ctypes
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
ANSWER_BYTES = 8 * 1024 * 1024
# What reads the network, the environment or the clock of the world outside the input.
REFUSED = ("http.send", "net.lookup_ip_addr", "opa.runtime", "rego.parse_module")
LIBRARY = "lockgate.lib."


class RefusedError(Exception):
    """A policy that may not be evaluated; the message names file and reason."""


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    confine(request["cpu_seconds"], request["memory_bytes"])
    sys.path.insert(0, request["bindings"])
    try:
        answer = evaluate(request)
    except RefusedError as error:
        answer = {"error": str(error)}
    text = json.dumps(answer)
    if len(text) > ANSWER_BYTES:
        text = json.dumps({"error": f"the policies gave more than {ANSWER_BYTES} bytes"})
    sys.stdout.write(text)


def confine(cpu_seconds: int, memory_bytes: int) -> None:
    """Limit this process and take its network away where the kernel allows it."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = ctypes.CDLL(None)
    # The builtins that reach out are refused below; an empty network is the second lock.
    if library.unshare(CLONE_NEWNET) != 0:
        library.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Findings of each package, or the outcome of each test rule when `tests` is set."""
    # Importable only now that the folder of the bindings is on the path.
    from opa_bindings import OpaEngine, OpaError  # type: ignore[import-not-found]  # noqa: PLC0415

    engine = OpaEngine()
    rules = {
        path: parsed(engine, OpaError, path, text) for path, text in request["policies"].items()
    }
    try:
        for path, text in request["policies"].items():
            engine.add_policy(path, text)
        engine.add_data(request["data"])
        engine.eval_query("x := 1")
    except OpaError as error:
        raise RefusedError(f"the policies do not compile: {error.message}") from error
    if request["tests"]:
        return {"tests": outcomes(engine, OpaError, rules.values())}
    packages = {name for name, _ in rules.values() if not name.startswith(LIBRARY)}
    return {
        "packages": {
            name: findings(engine, OpaError, name, request["input"]) for name in sorted(packages)
        }
    }


def parsed(engine: Any, failure: type[Exception], path: str, text: str) -> tuple[str, set[str]]:
    """The package of a module and the names of its rules; raises RefusedError."""
    try:
        [bindings] = engine.eval_query("x := rego.parse_module(input.path, input.text)", {
            "path": path, "text": text,
        })  # fmt: skip
    except failure as error:
        raise RefusedError(f"{path} does not parse: {error}") from error
    module = bindings["x"]
    for name in references(module):
        if name in REFUSED:
            raise RefusedError(f"{path} uses `{name}`, which policies may not")
    parts = [term["value"] for term in module["package"]["path"][1:]]
    return ".".join(parts), {rule["head"]["name"] for rule in module.get("rules", ())}


def references(node: Any) -> Iterator[str]:
    """Every dotted name in a syntax tree, with the names that precede a longer one."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if not isinstance(node, dict):
        return
    if node.get("type") == "ref":
        parts = [term.get("value") for term in node["value"] if isinstance(term, dict)]
        words = [part for part in parts if isinstance(part, str)]
        yield from (".".join(words[:length]) for length in range(1, len(words) + 1))
    for value in node.values():
        yield from references(value)


def findings(engine: Any, failure: type[Exception], package: str, plan: Any) -> dict[str, Any]:
    """What one package found in the plan, or why it could not say."""
    try:
        return {"findings": engine.eval_document(f"{package}.findings", plan)}
    except failure as error:
        return {"error": str(error)}


def outcomes(engine: Any, failure: type[Exception], modules: Any) -> dict[str, bool]:
    """Each test rule by its full name, and whether it held; one that breaks does not hold."""
    names = (f"{package}.{rule}" for package, rules in modules for rule in sorted(rules))
    tests = [name for name in names if name.rpartition(".")[2].startswith("test_")]
    return {name: holds(engine, failure, name) for name in tests}


def holds(engine: Any, failure: type[Exception], name: str) -> bool:
    """Whether the test rule is true."""
    try:
        return engine.eval_document(name) is True
    except failure:
        return False


if __name__ == "__main__":
    main()
