"""Discovery and selection of projects."""

import posixpath
import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.blocks import blocks, is_read
from terraform.layout import Layout, layout
from terraform.project import Project
from terraform.projects import discover, touched

ROOT = 'provider "aws" {}\n'
VERSIONS = 'terraform {\n  required_version = ">= 1.5"\n}\n'
PARTS = st.sampled_from(["a", "b", "infra", "modules", "é x", "-d", "tests", ".hidden"])
DIRECTORIES = st.lists(PARTS, min_size=0, max_size=4).map("/".join)


def _tree(extra: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    tree = {
        "infra/network/main.tf": f'{ROOT}module "vpc" {{\n  source = "../../modules/vpc"\n}}\n',
        "infra/web/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
        "modules/vpc/main.tf": f'{VERSIONS}module "tags" {{ source = "../tags//sub" }}\n',
        "modules/tags/main.tf": 'output "x" { value = 1 }\n',
        "modules/vpc/examples/one/main.tf": ROOT,
        "infra/.terraform/modules/x/main.tf": ROOT,
    }
    return tree | dict(extra)


def _layout(tree: Mapping[str, str], links: Mapping[str, str] = MappingProxyType({})) -> Layout:
    return layout({path: blocks(path, tree[path]) for path in filter(is_read, tree)}, links)


def _discover(tree: Mapping[str, str]) -> tuple[Project, ...]:
    return discover(_layout(tree))


def _touched(
    tree: Mapping[str, str], *changed: str, links: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    found = touched(_discover(tree), changed, _layout(tree, links), when_modified={})
    return [project.name for project in found]


def test_roots_are_projects_named_after_their_path() -> None:
    """Called modules, examples and .terraform are no projects; roots are."""
    names = {project.name: project.directory for project in _discover(_tree())}

    assert names == {"infra-network": "infra/network", "infra-web": "infra/web"}


def test_an_uncalled_terraform_block_makes_a_root() -> None:
    """The top of a repository is a project called root."""
    assert _discover({"main.tf": VERSIONS}) == (Project("root", "."),)


def test_names_that_meet_get_a_digest() -> None:
    """Two directories never share a name."""
    found = _discover({"a/b/x.tf": ROOT, "a-b/x.tf": ROOT})

    assert len({project.name for project in found}) == 2
    assert all(project.name.startswith("a-b-") for project in found)


def test_a_module_at_any_depth_touches_its_callers() -> None:
    """A change in a module of a module selects the root, and no other."""
    assert _touched(_tree(), "modules/tags/templates/x.tpl") == ["infra-network"]


def test_own_files_touch() -> None:
    """A lock file and any other file of the directory select the project; Markdown does not."""
    assert _touched(_tree(), "infra/web/.terraform.lock.hcl") == ["infra-web"]
    assert _touched(_tree(), "infra/web/policy.json") == ["infra-web"]
    assert _touched(_tree(), "infra/web/README.md", "docs/x.tf", ".github/lockgate.yml") == []


def test_a_nested_project_is_not_its_parents_business() -> None:
    """A change below another root selects that root alone."""
    tree = _tree({"main.tf": ROOT})

    assert _touched(tree, "infra/web/main.tf") == ["infra-web"]
    assert _touched(tree, "main.tf") == ["root"]


def test_var_files_and_globs_touch() -> None:
    """Var files outside the directory and when_modified globs select."""
    project = Project("web", "infra/web", var_files=("../../env/prod.tfvars",))

    globs = ("charts/**", "!**/*.txt", "!env/prod.tfvars.d/**")

    def selects(path: str) -> bool:
        return bool(touched([project], [path], Layout(), when_modified={"web": globs}))

    assert selects("env/prod.tfvars")
    assert selects("charts/a/b.md")
    assert not selects("env/test.tfvars")
    assert selects("infra/web/notes.json")
    assert not selects("infra/web/notes.txt")


def test_modules_that_call_each_other_end() -> None:
    """A cycle of module calls is no endless loop."""
    tree = {
        "a/x.tf": f'{ROOT}module "b" {{\n  source = "../b"\n}}\n',
        "b/x.tf": 'module "a" {\n  source = "../a"\n}\n',
    }

    assert _touched(tree, "b/x.tf") == ["a"]


READS = {
    "live/web/main.tf": f"""{ROOT}
locals {{
  rules = yamldecode(file("${{path.module}}/../../shared/rules.yml"))
  plain = file("../../shared/plain.txt")
  names = fileset("${{path.root}}/../../lists", "*.json")
  page  = templatefile("${{path.module}}/../../pages/${{var.page}}.tpl", {{}})
}}
module "queue" {{ source = "../../modules/queue" }}
""",
    "modules/queue/main.tf": """
resource "aws_sqs_queue" "this" {
  policy = templatefile("${path.module}/../policies/queue.json", {})
  tags   = jsondecode(file("../tags.json"))
}
""",
    "live/other/main.tf": ROOT,
}


@pytest.mark.parametrize(
    ("path", "selects"),
    [
        ("shared/rules.yml", True),
        ("shared/plain.txt", True),
        ("shared/other.txt", False),
        ("lists/a.json", True),
        ("pages/home.tpl", True),
        ("pages/home.html", False),
        ("modules/policies/queue.json", True),
        ("modules/policies/topic.json", False),
        ("live/tags.json", True),
        ("modules/tags.json", False),
    ],
)
def test_a_file_that_is_read_selects_who_reads_it(path: str, *, selects: bool) -> None:
    """From the module's directory, or the project's, wherever the path starts."""
    assert _touched(READS, path) == (["live-web"] if selects else [])


def test_a_read_counts_even_where_paths_are_quiet() -> None:
    """Markdown that is read is no documentation."""
    tree = {"a/main.tf": f'{ROOT}locals {{\n  text = file("${{path.module}}/../docs/x.md")\n}}\n'}

    assert _touched(tree, "docs/x.md") == ["a"]
    assert _touched(tree, "docs/y.md") == []


def test_links_lead_to_what_they_point_at() -> None:
    """A link to a file, to a folder, and one on the way to a module; circles end."""
    tree = {
        "live/web/main.tf": f'{ROOT}module "x" {{ source = "./lib/vpc" }}\n',
        "live/web/common.tf": 'module "y" { source = "../../modules/tags" }\n',
        "modules/vpc/main.tf": "",
        "modules/tags/main.tf": "",
    }
    links = {
        "live/web/lib": "../../modules",
        "live/web/common.tf": "../../shared/common.tf",
        "live/web/self": ".",
        "live/web/a": "b",
        "live/web/b": "a",
        "live/web/out": "../../../etc",
        "live/web/host": "/etc/passwd",
    }

    assert _touched(tree, "modules/vpc/main.tf", links=links) == ["live-web"]
    assert _touched(tree, "modules/tags/x.json", links=links) == ["live-web"]
    assert _touched(tree, "shared/common.tf", links=links) == ["live-web"]
    assert _touched(tree, "shared/other.tf", links=links) == []
    assert _touched(tree, "live/web/x.tf", links=links) == ["live-web"]


def test_files_of_opentofu_json_and_overrides_count() -> None:
    """Whichever of them an engine reads."""
    tree = {
        "a/main.tofu": ROOT,
        "b/main.tf.json": '{"terraform": {"backend": {"s3": {}}}}',
        "c/main.tf": VERSIONS,
        "c/main_override.tf": 'module "m" { source = "../m" }\n',
        "m/main.tf": "",
    }

    assert [project.name for project in _discover(tree)] == ["a", "b", "c"]
    assert _touched(tree, "m/main.tf") == ["c"]
    assert _touched(tree, "a/prod.auto.tfvars") == ["a"]


def test_a_source_with_a_value_in_it_selects_all_it_may_mean() -> None:
    """OpenTofu takes variables in sources."""
    tree = {"a/main.tofu": f'{ROOT}module "m" {{\n  source = "../mods/${{var.size}}/vpc"\n}}\n'}

    assert _touched(tree, "mods/big/vpc/main.tf") == ["a"]
    assert _touched(tree, "other/main.tf") == []


def test_a_removed_file_and_a_submodule_touch() -> None:
    """The paths of a difference need not be in the tree."""
    tree = _tree({"a/main.tf": f'{ROOT}module "m" {{ source = "../vendor/m" }}\n'})

    assert _touched(tree, "infra/web/gone.tf") == ["infra-web"]
    assert _touched(tree, "modules/vpc/gone.tf") == ["infra-network"]


PLACES = ("a", "a/b", "a/b/c", "d", "d/e", "f", ".")


@st.composite
def _repositories(draw: st.DrawFn) -> tuple[dict[str, str], list[str]]:
    """Directories that call and read one another at random, and some changed paths."""
    tree = {}
    for place in PLACES:
        lines = [ROOT] if draw(st.booleans()) else []
        for target in draw(st.lists(st.sampled_from(PLACES), max_size=2)):
            way = posixpath.relpath(target, place)
            lines.append(f'module "m" {{\n  source = "./{way}"\n}}\n')
        for target in draw(st.lists(st.sampled_from(PLACES), max_size=1)):
            way = posixpath.relpath(f"{target}/data.json", place)
            anchor = draw(st.sampled_from(["${path.module}/", "${path.root}/", "./"]))
            lines.append(f'locals {{\n  x = file("{anchor}{way}")\n}}\n')
        tree[f"{place}/main.tf".removeprefix("./")] = "".join(lines)
    names = st.sampled_from(["main.tf", "data.json", "sub/x.tf"])
    paths = st.builds("{0}/{1}".format, st.sampled_from(PLACES), names)
    return tree, [path.removeprefix("./") for path in draw(st.lists(paths, min_size=1, max_size=3))]


def _naively(tree: Mapping[str, str], changed: list[str]) -> set[str]:
    """The same by trying every project, module and path in turn."""
    calls = {place: set[str]() for place in PLACES}
    reads: list[tuple[str, str, str]] = []
    for path, text in tree.items():
        place = posixpath.dirname(path) or "."
        for source in re.findall(r'source = "([^"]*)"', text):
            calls[place].add(posixpath.normpath(posixpath.join(place, source)))
        for anchor, way in re.findall(r'file\("(\$\{path.\w+\}/|\./)([^"]*)"', text):
            reads.append((place, anchor, way))
    roots = {project.directory for project in _discover(tree)}
    found = set()
    for root in roots:
        modules = {root}
        while more := set().union(*(calls[module] for module in modules)) - modules:
            modules |= more
        read = {
            posixpath.normpath(posixpath.join(place if "module" in anchor else root, way))
            for place, anchor, way in reads
            if place in modules
        }
        for path in changed:
            above = [path.rsplit("/", many)[0] for many in range(1, path.count("/") + 1)] + ["."]
            nearest = next((place for place in above if place in modules), None)
            between = above[: above.index(nearest)] if nearest else []
            if path in read or (nearest and not roots & set(between)):
                found.add(root)
    return found


@given(_repositories())
def test_selection_is_what_trying_everything_finds(
    repository: tuple[dict[str, str], list[str]],
) -> None:
    """For any modules that call and read one another, in circles and beneath each other."""
    tree, changed = repository

    found = touched(_discover(tree), changed, _layout(tree), when_modified={})

    assert {project.directory for project in found} == _naively(tree, changed)


@given(st.sets(DIRECTORIES, max_size=12))
def test_every_project_has_its_own_valid_name(directories: set[str]) -> None:
    """Names are unique and of the allowed shape, and touching a root's file selects it."""
    paths = sorted(f"{directory}/main.tf".removeprefix("/") for directory in directories)

    found = _discover(dict.fromkeys(paths, ROOT))

    assert len({project.name for project in found}) == len(found)
    for project in found:
        assert project.name[0].isalnum()
        assert len(project.name) <= 90
        changed = [f"{project.directory}/main.tf".removeprefix("./")]
        assert touched(found, changed, Layout(), when_modified={}) == (project,)
