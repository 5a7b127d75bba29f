"""Terragrunt's directories: recognised, and never passed over."""

from collections.abc import Mapping

import pytest

from terraform.blocks import blocks, is_read
from terraform.layout import layout
from terraform.projects import discover, touched_terragrunt

TREE = {
    "terragrunt.hcl": "remote_state {}\n",
    "live/env.hcl": "locals {}\n",
    "live/vpc/terragrunt.hcl": """
include "root" { path = find_in_parent_folders() }
terraform { source = "${get_repo_root()}//modules/vpc" }
""",
    "live/web/terragrunt.hcl": 'terraform {\n  source = "../../modules//web"\n}\n',
    "modules/vpc/main.tf": "",
    "modules/web/main.tf": "",
    "modules/spare/main.tf": "",
    "roots/net/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
}


def _found(tree: Mapping[str, str], *changed: str, ignored: tuple[str, ...] = ()) -> list[str]:
    found = layout({path: blocks(path, tree[path]) for path in filter(is_read, tree)}, {})
    return list(touched_terragrunt(discover(found), changed, found, ignored))


@pytest.mark.parametrize(
    ("path", "directories"),
    [
        ("live/vpc/terragrunt.hcl", ["live/vpc"]),
        ("live/vpc/vars/a.json", ["live/vpc"]),
        ("modules/vpc/main.tf", ["live/vpc"]),
        ("modules/web/x.tpl", ["live/web"]),
        ("modules/spare/main.tf", []),
        ("terragrunt.hcl", ["."]),
        ("live/env.hcl", ["live/vpc", "live/web"]),
        ("roots/net/main.tf", []),
        ("roots/net/.terraform.lock.hcl", []),
        ("tests/web.tftest.hcl", []),
        ("docs/a.txt", []),
        ("live/vpc/README.md", []),
    ],
)
def test_a_change_of_what_terragrunt_runs_is_found(path: str, directories: list[str]) -> None:
    """A unit, a module it runs, and files that units include."""
    assert _found(TREE, path) == directories


def test_where_the_module_is_not_known_any_module_counts() -> None:
    """A source in an included file, or made of values, could be each."""
    tree = TREE | {"live/vpc/terragrunt.hcl": 'terraform { source = "${local.base}//vpc" }\n'}

    assert _found(tree, "modules/spare/main.tf") == ["live/vpc", "live/web"]
    assert _found(tree, "roots/net/main.tf") == []


def test_ignored_directories_are_left_to_others() -> None:
    """Where all are ignored, nothing counts."""
    everything = (".", "live/vpc", "live/web")

    assert _found(TREE, "live/vpc/terragrunt.hcl", ignored=("live/vpc",)) == []
    assert _found(TREE, "live/env.hcl", "modules/vpc/main.tf", ignored=everything) == []


def test_a_directory_of_terragrunts_is_no_project() -> None:
    """Also where it has Terraform of its own."""
    tree = TREE | {"live/vpc/main.tf": 'provider "aws" {}\n'}
    found = layout({path: blocks(path, tree[path]) for path in filter(is_read, tree)}, {})

    assert found.roots == ("roots/net",)
