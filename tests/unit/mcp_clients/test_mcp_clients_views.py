"""A model is offered what is named for it and only reads; everything else is out of its reach."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import Tool, ToolAnnotations

from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Server
from bot.mcp_clients.views import (
    LONGEST_DESCRIPTION,
    missing_tools,
    model_tools,
    repeatable_tools,
)

NAMES = ("read", "write", "delete", "list")
HINT = st.sampled_from([True, False, None])
HINTS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.just("Harmless"),
        "read_only_hint": HINT,
        "destructive_hint": HINT,
        "idempotent_hint": HINT,
        "open_world_hint": HINT,
    },
)
SOME = st.frozensets(st.sampled_from(NAMES))


def server(own: frozenset[str], models: frozenset[str], kind: Kind = Kind.OTHER) -> Server:
    """A server with these two lists."""
    return Server("some", kind, Http("http://x/"), "`servers.some`", own, models)


def tool(name: str, **hints: Any) -> Tool:
    """A tool with these annotations, or none."""
    notes = ToolAnnotations(**hints) if hints else None
    return Tool(name=name, input_schema={"type": "object"}, annotations=notes)


TOOLS = st.lists(
    st.builds(lambda name, hints: tool(name, **hints), st.sampled_from(NAMES), HINTS), max_size=6
)


@given(tools=TOOLS, own=SOME, models=SOME)
def test_a_model_never_sees_a_tool_that_may_change_anything(
    tools: list[Tool], own: frozenset[str], models: frozenset[str]
) -> None:
    """Offered is exactly: named for models, listed once, read-only, and not destructive."""
    offered = {offer.name for offer in model_tools(server(own, models), tools)}

    assert offered <= models
    for name in NAMES:
        of_name = [tool for tool in tools if tool.name == name]
        harmless = [
            tool
            for tool in of_name
            if tool.annotations is not None
            and tool.annotations.read_only_hint is True
            and tool.annotations.destructive_hint in {None, False}
        ]
        expected = name in models and len(of_name) == 1 and len(harmless) == 1
        assert (name in offered) is expected


@given(tools=TOOLS, own=SOME, models=SOME)
def test_a_configured_tool_is_there_or_missing(
    tools: list[Tool], own: frozenset[str], models: frozenset[str]
) -> None:
    """Nothing that is configured is silently left out."""
    listed = {tool.name for tool in tools}

    missing = missing_tools(server(own, models), tools)

    assert set(missing) == (own | models) - listed
    assert list(missing) == sorted(missing)


@pytest.mark.parametrize(
    ("hints", "repeatable"),
    [
        pytest.param({}, False, id="no-annotations"),
        pytest.param({"read_only_hint": True}, True, id="read-only"),
        pytest.param({"read_only_hint": False, "idempotent_hint": True}, True, id="idempotent"),
        pytest.param({"read_only_hint": False}, False, id="writes"),
        pytest.param({"read_only_hint": True, "destructive_hint": True}, False, id="contradictory"),
    ],
)
def test_a_call_is_repeated_only_where_that_changes_nothing(
    hints: dict[str, bool], *, repeatable: bool
) -> None:
    """What may have been done once is not done twice."""
    listed = [tool("some", **hints)]

    assert ("some" in repeatable_tools(server(frozenset(), frozenset()), listed)) is repeatable


def test_reads_of_argocd_are_known_without_annotations() -> None:
    """`argocd-mcp` annotates nothing; a sync is still not repeated."""
    argo = server(OWN_TOOLS[Kind.ARGOCD], frozenset(), Kind.ARGOCD)
    listed = [tool("get_application"), tool("sync_application")]

    assert repeatable_tools(argo, listed) == {"get_application"}


def test_a_long_description_is_cut() -> None:
    """A foreign server has little room to talk to a model."""
    long = Tool(
        name="read",
        description="x" * 5000,
        input_schema={"type": "object"},
        annotations=ToolAnnotations(read_only_hint=True),
    )

    (offer,) = model_tools(server(frozenset(), frozenset({"read"})), [long])

    assert len(offer.description) == LONGEST_DESCRIPTION
