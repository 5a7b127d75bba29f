"""Discovery and selection of projects."""

from collections.abc import Mapping
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from terraform.blocks import Blocks, blocks
from terraform.project import Project
from terraform.projects import discover, references, touched

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


def _discover(tree: dict[str, str]) -> tuple[Project, ...]:
    return discover(tree, tree.__getitem__)


def _touched(tree: dict[str, str], *changed: str) -> list[str]:
    calls = references(tree, tree.__getitem__)
    found = touched(_discover(tree), changed, calls, when_modified={})
    return [project.name for project in found]


def test_roots_are_projects_named_after_their_path() -> None:
    """Called modules, examples and .terraform are no projects; roots are."""
    names = {project.name: project.directory for project in _discover(_tree())}

    assert names == {"infra-network": "infra/network", "infra-web": "infra/web"}


def test_an_uncalled_terraform_block_makes_a_root() -> None:
    """The top of a repository is a project called root."""
    assert discover(["main.tf"], lambda _: VERSIONS) == (Project("root", "."),)


def test_names_that_meet_get_a_digest() -> None:
    """Two directories never share a name."""
    found = discover(["a/b/x.tf", "a-b/x.tf"], lambda _: ROOT)

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

    def selects(path: str) -> bool:
        return bool(touched([project], [path], {}, when_modified={"web": ("charts/**",)}))

    assert selects("env/prod.tfvars")
    assert selects("charts/a/b.md")
    assert not selects("env/test.tfvars")


def test_modules_that_call_each_other_end() -> None:
    """A cycle of module calls is no endless loop."""
    calls = {"a": frozenset({"b"}), "b": frozenset({"a"})}

    assert touched([Project("a", "a")], ["b/x.tf"], calls, when_modified={}) == (Project("a", "a"),)


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

    assert blocks("x.tf", text) == Blocks(frozenset({"locals", "module"}), ("./real",))


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


@given(st.sets(DIRECTORIES, max_size=12))
def test_every_project_has_its_own_valid_name(directories: set[str]) -> None:
    """Names are unique and of the allowed shape, and touching a root's file selects it."""
    paths = sorted(f"{directory}/main.tf".removeprefix("/") for directory in directories)

    found = discover(paths, lambda _: ROOT)

    assert len({project.name for project in found}) == len(found)
    for project in found:
        assert project.name[0].isalnum()
        assert len(project.name) <= 90
        changed = [f"{project.directory}/main.tf".removeprefix("./")]
        assert touched(found, changed, {}, when_modified={}) == (project,)
