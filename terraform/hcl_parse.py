"""A program: reads Terraform files (JSON on stdin) and writes their blocks, one JSON line a file.

Run by `terraform.hcl` as a child with limits, because python-hcl2 can take seconds or fill the
memory on hostile input. Needs only the standard library and `hcl2`, so it starts alone.
"""

import json
import resource
import sys
from collections.abc import Mapping
from typing import Any

import lark
from hcl2.api import parses
from hcl2.rules.base import AttributeRule, BlockRule, BodyRule
from hcl2.utils import SerializationOptions

OPTIONS = SerializationOptions(
    strip_string_quotes=True, explicit_blocks=False, with_comments=False, preserve_heredocs=True
)
RECURSION_LIMIT = 4_000


def main() -> None:
    """Answer every file of the request in order, until the end or a limit."""
    request = json.load(sys.stdin)
    memory = request["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"], request["cpu_seconds"]))
    sys.setrecursionlimit(RECURSION_LIMIT)
    for text in request["texts"]:
        sys.stdout.write(json.dumps(_answer(text)) + "\n")
        sys.stdout.flush()


def _answer(text: str) -> Mapping[str, Any]:
    try:
        return _body(parses(text).body)
    except lark.exceptions.UnexpectedInput as error:
        return {"error": _explain(error), "line": error.line}
    except lark.exceptions.LarkError as error:
        # A transformer's error has no line of its own: the cause says what was wrong.
        return {"error": str(error).splitlines()[0], "line": 1}
    except (RecursionError, MemoryError):
        return {"error": "nested too deeply or too large to read", "line": 1}
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError) as error:
        # python-hcl2 raises these for what its grammar lets through and its rules do not.
        return {"error": f"cannot be read: {error}", "line": 1}


def _explain(error: lark.exceptions.UnexpectedInput) -> str:
    token = getattr(error, "token", None)
    if token is None:
        return "unexpected character"
    if token.type == "$END":
        return "the file ends in the middle of a block or expression"
    return f"unexpected {str(token).split(chr(10), maxsplit=1)[0][:40]!r}"


def _body(body: BodyRule) -> dict[str, Any]:
    attributes, blocks = [], []
    for child in body.children:
        if isinstance(child, BlockRule):
            labels = [_label(label) for label in child.labels]
            blocks.append([labels, *_lines(child), _body(child.body)])
        elif isinstance(child, AttributeRule):
            name = str(child.identifier.serialize(OPTIONS))
            attributes.append([name, *_lines(child), child.expression.serialize(OPTIONS)])
    return {"attributes": attributes, "blocks": blocks}


def _label(label: Any) -> str:
    return str(label.serialize(OPTIONS))


def _lines(rule: Any) -> tuple[int, int]:
    meta = rule._meta  # noqa: SLF001 - python-hcl2 has no public way to a rule's position
    # A heredoc's token takes the line break with it and ends in the first column of the next line.
    end = meta.end_line - 1 if meta.end_column == 1 else meta.end_line
    return meta.line, max(meta.line, end)


if __name__ == "__main__":
    main()
