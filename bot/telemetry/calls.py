"""A span for each call of a port, named `port.method`; no port knows of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from bot.telemetry import trace

T = TypeVar("T")


def traced(name: str, port: T) -> T:
    """The port with a span round each call of its methods; itself where nothing is traced."""
    return cast("T", _Traced(name, port)) if trace.on() else port


class _Traced:
    def __init__(self, name: str, port: object) -> None:
        self._name = name
        self._port = port

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._port, attribute)
        return _spanned(f"{self._name}.{attribute}", found) if callable(found) else found


def _spanned(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def spanned(*arguments: Any, **named: Any) -> Any:
        with trace.span(name):
            return call(*arguments, **named)

    return spanned
