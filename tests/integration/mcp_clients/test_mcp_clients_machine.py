"""Whatever is called, ended and broken in whatever order: a key has the session it should have."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.mcp_clients.errors import MCPConnectionError
from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Server
from bot.mcp_clients.sessions import McpSessions
from tests.integration.mcp_clients.odd_http import after_handshake, server

KEYS = st.sampled_from(["a", "b", "c"])
WELL = after_handshake({"result": {"content": [{"type": "text", "text": "well"}]}})


class Sessions(RuleBasedStateMachine):
    """Calls, ends and outages; the model is the set of keys that have a session."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = ExitStack()
        self.broken = False
        self.open: set[str] = set()
        url = self.parts.enter_context(server(self._answer))
        there = Server("some", Kind.KUBERNETES, Http(url), "a test", OWN_TOOLS[Kind.KUBERNETES])
        self.sessions = self.parts.enter_context(McpSessions({"some": there}, tries=1))

    def _answer(self, body: bytes) -> tuple[int, str, bytes]:
        return (500, "text/plain", b"") if self.broken else WELL(body)

    @rule(key=KEYS, tool=st.sampled_from(sorted(OWN_TOOLS[Kind.KUBERNETES])))
    def call(self, key: str, tool: str) -> None:
        """A call opens what is not open; one that fails closes it."""
        tools = self.sessions.own_tools("some", key)
        if self.broken:
            with pytest.raises(MCPConnectionError):
                tools.call(tool, {})
            self.open.discard(key)
        else:
            assert tools.call(tool, {}).text == "well"
            self.open.add(key)

    @rule(key=KEYS)
    def call_what_is_not_allowed(self, key: str) -> None:
        """It changes nothing."""
        assert self.sessions.own_tools("some", key).call("resources_delete", {}).failed

    @rule(key=KEYS)
    def end(self, key: str) -> None:
        """A key that ends has no session, and may be used again."""
        self.sessions.end(key)
        self.open.discard(key)

    @rule(broken=st.booleans())
    def change(self, *, broken: bool) -> None:
        """The server goes or comes back; nobody notices before the next call."""
        self.broken = broken

    @invariant()
    def as_many_as_there_should_be(self) -> None:
        """No session too many, none too few."""
        assert self.sessions.open_sessions() == len(self.open)

    def teardown(self) -> None:
        """Close all."""
        self.parts.close()


Sessions.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSessions: Callable[..., object] = Sessions.TestCase
