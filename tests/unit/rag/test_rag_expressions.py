"""Terraform expressions: what is evaluated, what is left to Terraform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation import evaluate
from rag.expressions import ExpressionError, parse
from rag.types import accepts, read_type


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3", 9),
        ("var.a == null ? true : var.a > 3", True),
        ('can(regex("^[a-z]+$", "abc\\n"))', False),
        ('!contains(["a", "b"], "c") && length("abc") >= 3', True),
        ('alltrue([for item in ["ab", "c"] : can(regex("^[a-z]$", item))])', False),
        ('can(cidrhost("10.0.0.0/16", 0))', True),
        ('can(cidrhost("10.0.0.0/99", 0))', False),
        ("[1, 2,]", [1, 2]),
    ],
)
def test_known_expressions_have_their_value(text: str, value: object) -> None:
    """The usual validations come out as in Terraform."""
    assert evaluate(parse(text), {"var.a": None}) == value


@pytest.mark.parametrize("text", ["var.b", "timestamp()", '"a${var.a}"', "1 +", "(" * 60, "@"])
def test_what_is_not_known_is_said(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ExpressionError):
        evaluate(parse(text), {})


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is an expression or an ExpressionError."""
    try:
        evaluate(parse(text), {})
    except ExpressionError:
        return


@pytest.mark.parametrize(
    ("kind", "value", "held"),
    [
        ("string", "a", True),
        ("number", True, False),
        ("bool", 1, False),
        ("set(string)", ["a"], True),
        ("map(number)", {"a": "1"}, False),
        ("object({a = string, b = optional(number, 3)})", {"a": "x"}, True),
        ("object({a = string})", {"a": "x", "c": 1}, False),
    ],
)
def test_types_accept_only_their_values(kind: str, value: object, held: object) -> None:
    """Nothing is converted on the way."""
    assert accepts(read_type(kind), value) is held
