"""Terraform expressions as trees, as far as types, validations and arguments need them."""

import json
import re
from dataclasses import dataclass
from typing import TypeAlias


class ExpressionError(ValueError):
    """An expression outside the grammar read here: its value is unknown, never true."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, bool or null."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name such as `var.days` or `string`."""

    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function call, or a type constructor in a type."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A prefix (`one operand`), infix (`two`) or conditional `?` (`three`) operation."""

    operator: str
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list in brackets."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """An object in braces."""

    fields: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True, slots=True)
class For:
    """`[for name in source : body]`."""

    name: str
    source: "Expression"
    body: "Expression"


Expression: TypeAlias = Literal | Name | Call | Operation | Sequence | Fields | For

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)
    | (?P<mark>&&|\|\||==|!=|<=|>=|=>|[-+*/%<>!?:,=(){}\[\]])
    )""",
    re.VERBOSE,
)
BINDING = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4}
BINDING |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
# A validation is a line or three; anything longer is not worth understanding here.
LONGEST = 4_000
DEEPEST = 40


def parse(text: str) -> Expression:
    """The tree of one expression, with or without the `${...}` wrapper; raises ExpressionError."""
    stripped = text.strip()
    if stripped.startswith("${") and stripped.endswith("}"):
        stripped = stripped[2:-1]
    if len(stripped) > LONGEST:
        raise ExpressionError("the expression is too long")
    reader = _Reader(_tokens(stripped))
    tree = reader.conditional()
    reader.expect("")
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"cannot read {text[position : position + 20]!r}")
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        position = match.end()
    return [*tokens, ("end", "")]


class _Reader:
    """A cursor over tokens: recursive descent with one look ahead."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        kind, text = self.tokens[self.position]
        return text if kind in {"mark", "end"} else ""

    def at_end(self) -> bool:
        return self.tokens[self.position][0] == "end"

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def accept(self, mark: str) -> bool:
        if self.peek() != mark or self.at_end():
            return False
        self.take()
        return True

    def expect(self, mark: str) -> None:
        if mark == "" and self.at_end():
            return
        if not self.accept(mark):
            raise ExpressionError(f"expected {mark or 'the end'!r}")

    def conditional(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError("the expression is nested too deeply")
        condition = self.binary(1)
        if self.accept("?"):
            yes = self.conditional()
            self.expect(":")
            condition = Operation("?", (condition, yes, self.conditional()))
        self.depth -= 1
        return condition

    def binary(self, least: int) -> Expression:
        left = self.unary()
        while (binding := BINDING.get(self.peek(), 0)) >= least:
            operator = self.take()[1]
            left = Operation(operator, (left, self.binary(binding + 1)))
        return left

    def unary(self) -> Expression:
        if self.peek() in {"!", "-"}:
            return Operation(self.take()[1], (self.unary(),))
        return self.primary()

    def primary(self) -> Expression:
        kind, text = self.take()
        match kind:
            case "string":
                return Literal(_string(text))
            case "number":
                return Literal(float(text) if "." in text else int(text))
            case "name":
                return self.named(text)
        if text == "(":
            inner = self.conditional()
            self.expect(")")
            return inner
        if text == "[":
            return self.sequence()
        if text == "{":
            return self.fields()
        raise ExpressionError(f"cannot read {text!r}")

    def named(self, text: str) -> Expression:
        if text in CONSTANTS:
            return Literal(CONSTANTS[text])
        if self.accept("("):
            return Call(text, tuple(self.items(")")))
        return Name(text)

    def items(self, closing: str) -> list[Expression]:
        found: list[Expression] = []
        while not self.accept(closing):
            found.append(self.conditional())
            if not self.accept(","):
                self.expect(closing)
                break
        return found

    def sequence(self) -> Expression:
        if self.tokens[self.position] != ("name", "for"):
            return Sequence(tuple(self.items("]")))
        self.take()
        _, name = self.take()
        if self.take() != ("name", "in"):
            raise ExpressionError("expected 'in'")
        source = self.conditional()
        self.expect(":")
        body = self.conditional()
        self.expect("]")
        return For(name, source, body)

    def fields(self) -> Expression:
        found: list[tuple[str, Expression]] = []
        while not self.accept("}"):
            kind, key = self.take()
            if kind not in {"name", "string"}:
                raise ExpressionError(f"cannot read {key!r}")
            if not self.accept("="):
                self.expect(":")
            found.append((_string(key) if kind == "string" else key, self.conditional()))
            self.accept(",")
        return Fields(tuple(found))


def _string(token: str) -> str:
    inner = token[1:-1]
    if "${" in inner.replace("$${", "") or "%{" in inner.replace("%%{", ""):
        raise ExpressionError("a template is not a constant")
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError as exc:
        raise ExpressionError(f"cannot read the string {token}") from exc
