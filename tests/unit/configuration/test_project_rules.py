"""What holds for one project: its own word, its groups', the file's."""

from decimal import Decimal

import pytest

from handlers.configuration import read_configuration
from handlers.configuration_values import resolve_configuration
from handlers.configuration_yaml import dotted
from handlers.project_rules import Approvers, PolicyRules, PolicySet
from terraform.globs import decided, matches
from terraform.project import Network, Project

FILE = """\
version: 1
projects:
  - name: net
    directory: live/prod/net
    budget_usd_per_month: 10
  - name: dev
    directory: live/dev
approvers: {users: [ann], count: 1}
budget_usd_per_month: 500
policy: {warn: [A], required_tags: [owner]}
policy_sets:
  strict: {block: [A], forbid_skips: true}
  tagged: {required_tags: [owner, team], warn: [B]}
groups:
  - directories: ["live/**"]
    environment: live
    policy_sets: [strict]
  - directories: ["live/prod/**"]
    environment: production
    approvers: {teams: [platform], count: 2}
    budget_usd_per_month: 100
    policy_sets: [strict, tagged]
    network: open
    when_modified: ["shared/**"]
"""
NET = Project("net", "live/prod/net")
DEV = Project("dev", "live/dev")
DISCOVERED = Project("live-prod-dns", "live/prod/dns")
OTHER = Project("other", "other")


def test_a_projects_own_word_comes_first() -> None:
    """Before its groups; of those the last that matches and says it; then the file."""
    configuration = read_configuration(FILE)

    budgets = [
        configuration.rules(each).budget_usd_per_month for each in (NET, DISCOVERED, DEV, OTHER)
    ]
    assert budgets == [Decimal(10), Decimal(100), Decimal(500), Decimal(500)]
    assert configuration.rules(NET).approvers == Approvers((), ("platform",), 2)
    assert configuration.rules(DEV).approvers == Approvers(("ann",), (), 1)
    assert [configuration.rules(each).environment for each in (NET, DEV, OTHER)] == [
        "production",
        "live",
        "",
    ]
    assert configuration.rules(DISCOVERED).when_modified == ("shared/**",)


def test_the_globs_of_all_projects_are_those_of_their_rules() -> None:
    """Whether they come from the project, its group, or nowhere."""
    text = FILE.replace("    budget_usd_per_month: 10\n", "    when_modified: [own]\n")
    for configuration in map(read_configuration, (FILE, text, "version: 1\n")):
        projects = (NET, DEV, DISCOVERED, OTHER)
        said = {each.name: configuration.rules(each).when_modified for each in projects}

        found = configuration.when_modified(projects)

        assert found == {name: globs for name, globs in said.items() if globs}


def test_policy_sets_are_applied_in_order_after_the_policy() -> None:
    """A later one has the last word on each rule and value."""
    configuration = read_configuration(FILE)

    assert configuration.rules(NET).policy == PolicyRules(
        block=("A",), warn=("B",), forbid_skips=True, required_tags=("owner", "team")
    )
    assert configuration.rules(OTHER).policy == configuration.policy
    assert PolicySet(warn=("A",), forbid_skips=False).over(
        PolicyRules(block=("A", "C"), forbid_skips=True)
    ) == PolicyRules(block=("C",), warn=("A",))


def test_a_project_carries_what_its_run_needs() -> None:
    """Network and environment, discovered or listed."""
    settled = read_configuration(FILE).settled(DISCOVERED)

    assert (settled.network, settled.environment) == (Network.OPEN, "production")
    assert read_configuration(FILE).settled(OTHER) == OTHER


def test_an_empty_list_is_a_word_too() -> None:
    """A project may take itself out of its group's policy sets."""
    text = FILE.replace("    budget_usd_per_month: 10\n", "    policy_sets: []\n")

    assert read_configuration(text).rules(NET).policy_sets == ()


def test_each_value_of_a_project_has_the_line_it_comes_from() -> None:
    """Its own, its group's, the file's, or a default."""
    found = {dotted(each.path): (each.value, each.line) for each in resolve_configuration(FILE)}

    assert found["projects[0].budget_usd_per_month"] == (10, 5)
    assert found["projects[1].budget_usd_per_month"] == (500, 9)
    assert found["projects[0].approvers.teams"] == (["platform"], 20)
    assert found["projects[1].approvers.users"] == (["ann"], 8)
    assert found["projects[1].policy_sets"] == (["strict"], 17)
    assert found["projects[1].network"] == ("none", None)
    assert "projects[0].approvers" not in found
    assert found["groups[0].environment"] == ("live", 16)
    assert "groups[0].approvers" not in found
    assert "policy_sets.strict.required_tags" not in found


@pytest.mark.parametrize(
    ("globs", "directory", "answer"),
    [
        (("live/prod/**",), "live/prod", True),
        (("live/prod/**",), "live/production", False),
        (("live/*",), "live", False),
        (("**",), ".", True),
        (("live/**",), ".", False),
        (("**", "!live/x"), "live/x", False),
        (("**", "!live/x"), "live/y", True),
    ],
)
def test_globs_match_directories(globs: tuple[str, ...], directory: str, *, answer: bool) -> None:
    """As in .gitignore, and the last one that matches counts."""
    assert matches(globs, directory) is answer


def test_a_glob_may_take_paths_out_again() -> None:
    """What none names is left to other reasons."""
    globs = ("shared/**", "!**/*.md")

    assert [decided(globs, path) for path in ("shared/a", "shared/a.md", "b")] == [
        True,
        False,
        None,
    ]


def test_always_discovers_beside_those_listed() -> None:
    """But not what is listed, nor what is ignored."""
    found = [NET, Project("a", "live/dev"), Project("b", "b"), Project("old", "legacy/old")]
    text = FILE + "discovery: {mode: always, ignore: [legacy]}\n"

    assert [each.name for each in read_configuration(text).known_projects(found)] == [
        "b",
        "dev",
        "net",
    ]
    assert [each.name for each in read_configuration(FILE).known_projects(found)] == ["dev", "net"]
