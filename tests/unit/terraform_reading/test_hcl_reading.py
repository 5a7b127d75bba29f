"""Terraform configuration becomes blocks with lines; broken or hostile files are named."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terraform.address import Address, parse_address
from terraform.hcl import Configuration, HclError, read_tree
from terraform.place import Place

MAIN = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "s3" {
    bucket = "state"
  }
}

resource "aws_s3_bucket" "logs" {
  for_each = toset(["a", "b"])
  bucket   = "logs-${each.key}"
  policy   = <<-EOT
    {"user": "${file("/etc/passwd")}"}
  EOT
  provisioner "local-exec" {
    command = "id"
  }
}

module "network" {
  source = "./modules/network"
}

module "remote" {
  source = "terraform-aws-modules/vpc/aws"
}

locals {
  region = "eu-west-1"
}

data "aws_ami" "base" {}
"""
NETWORK = 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n'


@pytest.fixture(scope="module")
def tree() -> Configuration:
    """A root with one local and one remote module."""
    return read_tree({"main.tf": MAIN, "modules/network/main.tf": NETWORK, "README.md": "{{{"})


@pytest.mark.parametrize(
    ("address", "place"),
    [
        pytest.param("aws_s3_bucket.logs", Place("main.tf", 10, 19), id="resource"),
        pytest.param('aws_s3_bucket.logs["a.b\\"]"]', Place("main.tf", 10, 19), id="odd key"),
        pytest.param("data.aws_ami.base", Place("main.tf", 33, 33), id="data"),
        pytest.param(
            'module.network["x"].aws_vpc.this[0]',
            Place("modules/network/main.tf", 1, 3),
            id="local module",
        ),
        pytest.param("module.remote.aws_vpc.this[0]", Place("main.tf", 25, 27), id="remote module"),
        pytest.param(
            "module.remote.module.deep.aws_vpc.this", Place("main.tf", 25, 27), id="inside remote"
        ),
        pytest.param("module.network", Place("main.tf", 21, 23), id="module itself"),
        pytest.param(
            "module.network.aws_vpc.gone", Place("main.tf", 21, 23), id="gone from the module"
        ),
        pytest.param("local.region", Place("main.tf", 29, 31), id="local"),
        pytest.param("aws_s3_bucket.gone", None, id="gone"),
        pytest.param("module.gone.aws_vpc.this", None, id="gone module"),
        pytest.param("not an address", None, id="no address"),
        pytest.param("", None, id="empty"),
    ],
)
def test_an_address_leads_to_its_block(
    tree: Configuration, address: str, place: Place | None
) -> None:
    """A plan's address is found in the file that a reviewer has to read."""
    assert place == tree.place(address)


def test_blocks_keep_their_parts(tree: Configuration) -> None:
    """Attributes, nested blocks and their lines come out as written."""
    (bucket,) = tree.of("resource", "aws_s3_bucket")

    assert bucket.value("bucket") == "logs-${each.key}"
    assert bucket.attributes["policy"].place == Place("main.tf", 13, 15)
    assert bucket.nested("provisioner")[0].labels == ("local-exec",)
    assert any("file(" in text for _, text in bucket.strings())
    (terraform,) = tree.of("terraform", directory=".")
    assert terraform.nested("backend")[0].labels == ("s3",)
    required = terraform.nested("required_providers")[0]
    assert required.value("aws") == {"source": "hashicorp/aws", "version": "~> 5.0"}


def test_a_project_below_the_root_is_followed_from_its_directory() -> None:
    """Addresses start at the project's directory and `../` sources are resolved."""
    files = {
        "live/prod/main.tf": 'module "n" {\n  source = "../../modules/n"\n}\n',
        "modules/n/vpc.tf": NETWORK,
    }

    tree = read_tree(files, root="live/prod/")

    assert Place("modules/n/vpc.tf", 1, 3) == tree.place("module.n.aws_vpc.this")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('resource "a" "b" {\n  x =\n}\n', 2, id="no value"),
        pytest.param("\n\na {\n", 4, id="never closed"),
        pytest.param('x = "\n', 1, id="open string"),
        pytest.param("a {\n  b = 1\n  b = 2\n}\n", 3, id="set twice"),
        pytest.param("\nx = 1\n", 2, id="outside any block"),
        pytest.param("a {\n  x = " + "[" * 30_000 + "\n}\n", None, id="nested too deeply"),
        pytest.param("a {\n  x = " + "(" * 3_000 + "1" + ")" * 3_000 + "\n}\n", None, id="deep"),
        pytest.param("a {\n  x = 1\n  x {\n }\n}\n\0", None, id="null character"),
    ],
)
def test_a_broken_file_is_named(text: str, line: int | None) -> None:
    """A file that cannot be read is refused with its path and a line."""
    with pytest.raises(HclError) as caught:
        read_tree({"good.tf": NETWORK, "z/bad.tf": text})

    assert caught.value.path == "z/bad.tf"
    assert line in {None, caught.value.line}
    assert str(caught.value).startswith(f"z/bad.tf:{caught.value.line}: ")


def test_a_parser_that_takes_too_long_is_stopped() -> None:
    """A file over the time limit is refused by name and the child is gone."""
    with pytest.raises(HclError, match=r"^a\.tf:1: could not be read within 0\.01 seconds$"):
        read_tree({"a.tf": NETWORK}, time_limit_seconds=0.01)


def test_json_syntax_gives_the_same_blocks() -> None:
    """`.tf.json` files yield blocks with lines, and repeated names stay apart."""
    text = """{
  "//": "written by a tool",
  "resource": {
    "aws_sqs_queue": {
      "jobs": {
        "name": "jobs-${var.env}",
        "provisioner": [{"local-exec": {"command": "id"}}]
      }
    }
  },
  "resource": [{"aws_sqs_queue": {"dead": {}}}],
  "terraform": {"backend": {"http": {"address": "https://example.test"}}}
}
"""
    tree = read_tree({"main.tf.json": text})

    assert Place("main.tf.json", 5, 8) == tree.place("aws_sqs_queue.jobs")
    assert Place("main.tf.json", 11, 11) == tree.place("aws_sqs_queue.dead")
    (jobs,) = tree.of("resource", "aws_sqs_queue", "jobs")
    assert jobs.value("name") == "jobs-${var.env}"
    assert jobs.nested("provisioner")[0].value("command") == "id"
    assert tree.of("terraform")[0].nested("backend")[0].labels == ("http",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("[]", 1, id="no object"),
        pytest.param('{\n"resource": {\n"a": 1}}', 3, id="no block"),
        pytest.param('{"locals": {"a": 1,\n}}', 2, id="trailing comma"),
        pytest.param('{"locals": {"a": NaN}}', 1, id="not a number"),
        pytest.param('{"locals": {"a": "x', 1, id="open string"),
        pytest.param('{"locals": ' + "[" * 9000, 1, id="too deep"),
        pytest.param('{"locals": {"a": {"b": 1,\n"b": 2}}}', 2, id="set twice"),
        pytest.param("{} {}", 1, id="two objects"),
    ],
)
def test_broken_json_is_named(text: str, line: int) -> None:
    """Broken JSON is refused with a line, whatever is wrong with it."""
    with pytest.raises(HclError) as caught:
        read_tree({"main.tf.json": text})

    assert caught.value.line == line


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key != "//"), json_values))
def test_json_values_survive(values: dict[str, object]) -> None:
    """What stands in a `.tf.json` file is what the block holds."""
    tree = read_tree({"a.tf.json": json.dumps({"locals": values}, indent=1)})

    (block,) = tree.blocks

    assert {name: attribute.value for name, attribute in block.attributes.items()} == values


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Taking an address apart never fails."""
    parsed = parse_address(text)

    assert parsed is None or parsed.modules or parsed.labels


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.text())
def test_keys_do_not_change_an_address(outer: str, inner: str) -> None:
    """An instance key of any text is left out of the address."""
    text = f"module.a[{json.dumps(outer)}].aws_x.y[{json.dumps(inner, ensure_ascii=False)}]"

    assert Address(("a",), ("resource", "aws_x", "y")) == parse_address(text)
