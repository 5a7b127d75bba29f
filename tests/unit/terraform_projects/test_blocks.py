"""The scanner of Terraform files against the whole parser."""

from pathlib import Path

import hcl2.api
import pytest
from hcl2.rules.base import BlockRule
from hypothesis import given, settings
from hypothesis import strategies as st

from terraform.blocks import Blocks, blocks
from terraform.file_reads import Anchor, FileRead
from terraform.hcl import read_tree

TOP = Path(__file__).parents[3]
HCL = [*(TOP / "catalogue").rglob("*.tf"), *(TOP / "tests" / "fixtures").rglob("*.tf")]
TOLD = ("terraform", "provider", "module")


def test_words_in_comments_strings_and_heredocs_are_no_blocks() -> None:
    """Only real block headers and real sources count."""
    text = """
# provider "aws" {}
// terraform { backend "s3" {} }
/* module "x" { source = "./comment" } */
locals {
  a = "provider \\"aws\\" { ${join("}", ["module { source = \\"./s\\""])} $${"
  b = <<-EOT
    provider "aws" {
      module "y" { source = "./heredoc" }
  EOT
  source = "./local"
}
module "real" {
  providers = { source = "./map" }
  source    = "./real" # here
}
"""

    assert blocks("x.tf", text) == Blocks(frozenset({"module"}), ("./real",))


def test_json_is_read_too() -> None:
    """JSON syntax says the same; JSON that is none counts as a root, to be planned and refused."""
    text = '{"module": {"m": {"source": "./m"}}, "terraform": [{"backend": {"s3": {}}}]}'

    assert blocks("x.tf.json", text) == Blocks(
        frozenset({"module", "terraform", "backend"}), ("./m",)
    )
    assert blocks("x.tf.json", "[" * 100_000).kinds == {"terraform"}


@given(st.text(alphabet=st.sampled_from('{}"$%\\\n<-EOT#/* =[]()source module'), max_size=200))
def test_any_text_is_scanned(text: str) -> None:
    """No text makes the scanner fail."""
    assert isinstance(blocks("x.tf", text), Blocks)


def test_every_file_of_ours_is_read_as_the_parser_reads_it() -> None:
    """Kinds, settings and sources."""
    texts = {str(path): path.read_text() for path in HCL}
    parsed = read_tree(texts)

    assert len(texts) > 20
    for path, text in texts.items():
        own = [block for block in parsed.blocks if block.path == path and block.type in TOLD]
        inner = {each.type for block in own for each in block.blocks if block.type == "terraform"}
        kinds = frozenset({block.type for block in own} | (inner & {"backend", "cloud"}))
        sources = tuple(block.value("source") for block in own if block.type == "module")

        found = blocks(path, text)

        assert (found.kinds, found.sources) == (kinds, sources), path


NAMES = st.sampled_from(
    ["a", "module", "source", "backend", "provider", "resource", "x-y", "cloud"]
)
LABELS = st.sampled_from(["", ' "x"', ' "a" "b"'])
VALUES = st.sampled_from(
    [
        "1",
        '"text"',
        '"./local"',
        '"a } b {"',
        '"${var.x}"',
        '"$${no}"',
        '"%{ if true }y%{ endif }"',
        '"${lookup(var.m, "k")}"',
        '"${join("}", ["{"])}"',
        '"\\\\"',
        '"\\" module {"',
        "{ source = 1 }",
        '{\n source = "./in"\n}',
        '["{", "}"]',
        '<<EOT\nprovider "x" {\n  }}\nEOT',
        '<<-EOT\n  module "x" { source = "./no" }\n  EOT',
        "module.x.y",
        '[for s in var.x : "${s}-{"]',
    ]
)
REMARKS = st.sampled_from(
    ["", "# module x {\n", "// }\n", '/* provider "p" {\n*/\n', "# it's \"\n"]
)
ATTRIBUTES = st.builds("{0}{1} = {2}\n".format, REMARKS, NAMES, VALUES)


def _block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    kind = st.sampled_from(["terraform", "provider", "module", "resource", "backend", "locals"])
    body = st.lists(inner, max_size=3).map("".join)
    return st.builds("{0}{1}{2} {{\n{3}}}\n".format, REMARKS, kind, LABELS, body)


BLOCKS = _block(st.recursive(ATTRIBUTES, _block, max_leaves=4))
TEXTS = st.lists(BLOCKS, max_size=4).map("".join)


def _parsed(text: str) -> Blocks:
    kinds: set[str] = set()
    sources: list[str] = []
    for block in hcl2.api.parses(text).body.children:
        if not isinstance(block, BlockRule):
            continue
        kind = str(block.labels[0].serialize())
        kinds |= {kind} & set(TOLD)
        for child in block.body.children:
            if isinstance(child, BlockRule) and kind == "terraform":
                kinds |= {str(child.labels[0].serialize())} & {"backend", "cloud"}
            elif not isinstance(child, BlockRule) and kind == "module":
                name = str(getattr(child, "identifier", None) and child.identifier.serialize())
                value = str(child.expression.serialize()) if name == "source" else ""
                # A heredoc would bring a line break that no path has.
                if value.startswith('"') and "<<" not in value:
                    sources.append(value[1:-1])
    return Blocks(frozenset(kinds), tuple(sources))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_any_text_is_read_as_the_parser_reads_it(text: str) -> None:
    """Whatever strings, templates, heredocs and comments hide."""
    try:
        expected = _parsed(text)
    except Exception:  # noqa: BLE001 -- what the parser does not take is not compared
        return

    found = blocks("x.tf", text)

    assert (found.kinds, sorted(found.sources)) == (expected.kinds, sorted(expected.sources))


@pytest.mark.parametrize("sign", ["{", "(", '"', "${", '"${', "/*", "<<A\n", "$", "%{", "module {"])
def test_a_long_text_is_scanned_in_linear_time(sign: str) -> None:
    """No text makes the scanner try the same again and again; this would not end otherwise."""
    assert isinstance(blocks("x.tf", f"module x {{ {sign * 20_000}"), Blocks)
    assert isinstance(blocks("x.tf", f'module "x" {{ a = "{sign * 20_000}'), Blocks)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('file("x.json")', ()),
        ('file("${path.module}/x.json")', ()),
        ('file("${path.module}/a/x.json")', (FileRead(Anchor.MODULE, "a/x.json"),)),
        ('file("/etc/passwd")', ()),
        ('fileset(path.module, "*")', ()),
        ('file("${path.module}/../x.json")', (FileRead(Anchor.MODULE, "../x.json"),)),
        ('filemd5("./../x.json")', (FileRead(Anchor.ROOT, "../x.json"),)),
        ('"${path.root}/a/../../b"', (FileRead(Anchor.ROOT, "../b"),)),
        ('"${path.cwd}/../${var.a}/b"', (FileRead(Anchor.ROOT, "../", "/b"),)),
        ('"${path.module}/../a-${var.a["x"]}.tpl"', (FileRead(Anchor.MODULE, "../a-", ""),)),
        ('{"x": "${file(\\"../x.json\\")}"}', (FileRead(Anchor.ROOT, "../x.json"),)),
    ],
)
def test_reads_that_lead_away_are_told(text: str, reads: tuple[FileRead, ...]) -> None:
    """What lies beside the file is its directory's anyway."""
    assert blocks("x.tf", f"locals {{\n  a = {text}\n}}\n").reads == reads
