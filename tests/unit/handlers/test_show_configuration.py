"""`/config`: the effective configuration, with where each value comes from."""

from tests.fakes import BASE, HEAD, FakeTree, World

FILE = """\
version: 1
approvers: {teams: [platform]}
budget_usd_per_month: 200
"""


def put(world: World, text: str, sha: str = BASE) -> None:
    """A repository with this configuration and one directory of Terraform."""
    files = {".github/lockgate.yml": text, "live/main.tf": 'terraform {\n  backend "s3" {}\n}\n'}
    world.sources.trees[sha] = FakeTree(files)


def test_values_name_their_line_or_their_default(world: World) -> None:
    """And discovered projects are listed, though nobody named them."""
    put(world, FILE)

    world.say("mallory", "/config")

    said = world.comment()
    assert "| `approvers.teams` | `platform` | line 2 |" in said
    assert "| `budget_usd_per_month` | `200` | line 3 |" in said
    assert "| `approvers.count` | `1` | default |" in said
    assert (
        "| `live` | `live` | `default` |  | 1 of team `platform` | $200.00 a month | the file's |"
    ) in said
    assert "as `main` has it at `ba5eba5`" in said


def test_what_holds_is_read_from_the_base_branch(world: World) -> None:
    """A pull request that changes the file does not change the answer."""
    put(world, FILE)
    put(world, "version: 1\nbudget_usd_per_month: 9000\n", HEAD)

    world.say("alice", "/config")

    assert "`200`" in world.comment()
    assert "9000" not in world.comment()


LISTED = """\
version: 1
projects:
  - {name: net, directory: live, environment: production}
  - {name: data, directory: data}
budget_usd_per_month: 200
"""


def test_one_project_is_shown_alone(world: World) -> None:
    """With what it has from the file, and without the others."""
    put(world, LISTED)

    world.say("alice", "/config -p net")

    said = world.comment()
    assert "| `projects[0].environment` | `production` | line 3 |" in said
    assert "| `projects[0].budget_usd_per_month` | `200` | line 5 |" in said
    assert "`data`" not in said

    world.say("alice", "/config -p nat")

    assert "There is no project `nat` here." in world.comment()


def test_files_that_are_read_without_being_named_are_told(world: World) -> None:
    """Override files, values and what OpenTofu reads instead."""
    put(world, FILE)
    files = world.sources.trees[BASE].files
    files |= {"live/main_override.tf": "", "live/prod.auto.tfvars": "", "live/main.tofu": ""}

    world.say("alice", "/config")

    said = world.comment()
    assert "| `live` | main_override.tf replaces parts of other blocks |" in said
    assert "| `live` | prod.auto.tfvars sets variables |" in said
    assert "| `live` | main.tofu stands in for main.tf under OpenTofu |" in said


def test_it_answers_on_an_issue(world: World) -> None:
    """There the default branch counts."""
    world.say("alice", "/config", on_pull_request=False)

    assert "`infra/network`" in world.comment()


def test_a_broken_file_is_told_with_its_lines(world: World) -> None:
    """As the check tells it."""
    put(world, "version: 1\naprovers: {}\n")

    world.say("alice", "/config")

    assert "line 2" in world.comment()
    assert "did you mean approvers" in world.comment()


def test_a_repository_without_terraform_says_so(world: World) -> None:
    """The empty state is a sentence."""
    world.sources.trees[BASE] = FakeTree({"README.md": ""})

    world.say("alice", "/config")

    assert "No project was found" in world.comment()
