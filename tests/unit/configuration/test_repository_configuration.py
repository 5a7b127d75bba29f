"""Reading `.github/lockgate.yml`."""

import json
import re
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handlers.configuration import (
    Configuration,
    ConfigurationError,
    Discovery,
    Drafts,
    DriftRules,
    read_configuration,
)
from handlers.configuration_schema import schema_text
from handlers.configuration_yaml import Problem
from handlers.project_rules import Approvers, Group, PolicyRules, PolicySet, Settings
from terraform.project import Application, Network, Project

DOCS = Path(__file__).parents[3] / "docs"
WHOLE = """\
version: 1
projects:
  - name: network
    directory: ./infra/network/
    workspace: prod
    var_files: [prod.tfvars, ../../env/all.tfvars]
    network: open
    when_modified: ["modules/**", "!**/*.md"]
    applications: [{namespace: argocd, name: web}]
    drift: {every_hours: 6}
    engine: tofu
    terraform_version: "~> 1.10.0"
    environment: production
    approvers: {teams: [network], count: 3}
    budget_usd_per_month: 50
    policy_sets: [strict]
groups: [{directories: ["live/**"], environment: staging, network: open}]
discovery: {mode: always, ignore: [legacy]}
approvers: {users: [bob, eve], teams: [platform], count: 2}
budget_usd_per_month: 500.50
allowed_module_sources: ["git::https://git.example/acme/"]
allowed_providers: [hashicorp/aws]
policy: {block: [CKV_AWS_1], warn: [LG001], forbid_skips: true, required_tags: [owner]}
policy_sets: {strict: {block: [LG001], warn: [CKV_AWS_2], forbid_skips: false, required_tags: []}}
drafts: {project: network}
drift: {every_hours: 24, ignore: ["aws_instance.*.tags"], reconcile: true}
"""


def _problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(text)
    return [(each.line, each.key, each.message) for each in caught.value.problems]


def test_a_whole_file_is_read() -> None:
    """Every key reaches its value."""
    configuration = read_configuration(WHOLE)

    assert configuration == Configuration(
        projects=(
            Project(
                name="network",
                directory="infra/network",
                workspace="prod",
                var_files=("prod.tfvars", "../../env/all.tfvars"),
                network=Network.OPEN,
                applications=(Application("argocd", "web"),),
                environment="production",
                engine="tofu",
                terraform_version="~> 1.10.0",
            ),
        ),
        settings={
            "network": Settings(
                environment="production",
                approvers=Approvers((), ("network",), 3),
                budget_usd_per_month=Decimal(50),
                policy_sets=("strict",),
                network=Network.OPEN,
                when_modified=("modules/**", "!**/*.md"),
            )
        },
        groups=(Group(("live/**",), Settings(environment="staging", network=Network.OPEN)),),
        discovery=Discovery(always=True, ignore=("legacy",)),
        approvers=Approvers(("bob", "eve"), ("platform",), 2),
        budget_usd_per_month=Decimal("500.50"),
        allowed_module_sources=("git::https://git.example/acme/",),
        allowed_providers=("hashicorp/aws",),
        policy=PolicyRules(("CKV_AWS_1",), ("LG001",), forbid_skips=True, required_tags=("owner",)),
        policy_sets={
            "strict": PolicySet(("LG001",), ("CKV_AWS_2",), forbid_skips=False, required_tags=())
        },
        drafts=Drafts("infra/network", "network"),
        drift=DriftRules(24, ("aws_instance.*.tags",), reconcile=True),
        project_drift={"network": DriftRules(6)},
    )


def test_no_file_is_the_default() -> None:
    """Without a file, and with the least file, the same holds."""
    assert read_configuration(None) == read_configuration("version: 1\n") == Configuration.default()


def test_all_problems_come_at_once() -> None:
    """Each wrong line is named with its key, in order."""
    found = _problems(
        "version: 1\nprojcts: []\nprojects:\n  - name: a\n    network: opne\n"
        "    directory: x\n  - name: A\n    directory: ../x\n    directory: y\n"
    )

    assert [(line, key) for line, key, _ in found] == [
        (2, "projcts"),
        (5, "projects[0].network"),
        (7, "projects[1].name"),
        (8, "projects[1].directory"),
        (9, "projects[1].directory"),
    ]
    assert "did you mean projects? Allowed: version, projects," in found[0][2]
    assert "did you mean open?" in found[1][2]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("", 1, "is required", id="empty"),
        pytest.param("- a\n", 1, "must be a mapping", id="list"),
        pytest.param("a: &x 1\nb: *x\n", 1, "anchors", id="anchor"),
        pytest.param("a:\n\t- b\n", 2, "tab", id="tab"),
        pytest.param("version: 1\na: 'x\n", 3, "not valid YAML", id="open quote"),
        pytest.param("a: !!python/object:os.system x\n", 1, "tag", id="tag"),
        pytest.param("[" * 5000, 1, "nested deeper", id="deep"),
        pytest.param("version: 1\n---\nversion: 1\n", 2, "second YAML document", id="documents"),
        pytest.param("a: \x00\n", 1, "U+0000", id="control character"),
        pytest.param("a: " + "x" * 262_144, 1, "256 KiB", id="too big"),
        pytest.param("version: true\n", 1, "must be the number 1", id="version is a bool"),
        pytest.param("version: 2\n", 1, "The number 1", id="version"),
        pytest.param("version: 1\nprojects: []\n", 2, "has no entry", id="no project"),
        pytest.param("version: 1\nbudget_usd_per_month: -1\n", 2, "greater than", id="negative"),
        pytest.param("version: 1\nbudget_usd_per_month: .inf\n", 2, "a number", id="infinite"),
        pytest.param("version: 1\nbudget_usd_per_month: true\n", 2, "a number", id="bool"),
        pytest.param("version: 1\napprovers: {users: [a], count: 2}\n", 2, "can't", id="count"),
        pytest.param("version: 1\npolicy: {block: [A], warn: [A]}\n", 2, "block too", id="weights"),
        pytest.param(
            "version: 1\npolicy_sets:\n  a: {block: [A], warn: [A]}\n",
            3,
            "block too",
            id="set weights",
        ),
        pytest.param("version: 1\npolicy_sets: {a: {blok: [A]}}\n", 2, "mean block?", id="set key"),
        pytest.param("version: 1\npolicy_sets: {block: {x: 1}}\n", 2, "not a key", id="set name"),
        pytest.param("version: 1\npolicy_sets:\n  'a b': {}\n", 3, "as it must", id="bad set name"),
        pytest.param(
            "version: 1\npolicy_sets: {production: {}}\ngroups:\n- directories: [a]\n"
            "  policy_sets: [producton]\n",
            5,
            "did you mean production?",
            id="unknown set",
        ),
        pytest.param("version: 1\ngroups: [{}]\n", 2, "is required", id="group of nothing"),
        pytest.param(
            "version: 1\ngroups:\n- directories: [a]\n  approvers: {users: [a], count: 2}\n",
            4,
            "can't",
            id="group count",
        ),
        pytest.param(
            "version: 1\ngroups: [{directories: ['!']}]\n", 2, "must name paths", id="empty glob"
        ),
        pytest.param("version: 1\ndrafts: {project: x}\n", 2, "no project", id="drafts"),
        pytest.param(
            "version: 1\nprojects:\n  - {name: net, directory: a}\n"
            "  - {name: b, directory: b, depends_on: [net, nett]}\n",
            4,
            "nett is no project of this file; did you mean net?",
            id="unknown dependency",
        ),
        pytest.param(
            "version: 1\nprojects:\n  - {name: a, directory: a, depends_on: [c]}\n"
            "  - {name: b, directory: b, depends_on: [a]}\n"
            "  - {name: c, directory: c, depends_on: [b]}\n",
            3,
            "in a circle: a -> c -> b -> a",
            id="circle",
        ),
        pytest.param(
            "version: 1\nprojects:\n  - {name: a, directory: a, depends_on: [a]}\n",
            3,
            "in a circle: a -> a",
            id="itself",
        ),
        pytest.param(
            "version: 1\nprojects:\n  - {name: a, directory: a, terraform_version: newest}\n",
            3,
            "no version such as 1.9.8",
            id="constraint",
        ),
        pytest.param(
            "version: 1\nprojects:\n  - {name: a, directory: a, terraform_version: 1.10}\n",
            3,
            "put it in quotes",
            id="constraint without quotes",
        ),
        pytest.param("version: 1\nallowed_module_sources: [acme]\n", 2, '"/"', id="source"),
        pytest.param("version: 1\nallowed_providers: [aws]\n", 2, "hashicorp/aws", id="provider"),
    ],
)
def test_bad_input_is_refused_where_it_stands(text: str, line: int, words: str) -> None:
    """The first problem has the right line and says what is wrong."""
    first = _problems(text)[0]

    assert first[0] == line
    assert words in first[2]


@pytest.mark.parametrize(
    "directory",
    [
        "/etc",
        "../x",
        "a/../../b",
        "a\\b",
        "~/x",
        "C:/x",
        "",
        ".git",
        "a/.terraform",
        "-chdir",
        "$x",
    ],
)
def test_directories_that_could_leave_are_refused(directory: str) -> None:
    """A project's directory stays inside the repository."""
    text = f"version: 1\nprojects:\n  - name: a\n    directory: '{directory}'\n"

    assert _problems(text)[0][:2] == (4, "projects[0].directory")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ("../../x.tfvars", "inside"),
        ("/x.tfvars", "relative"),
        ("x.tf", ".tfvars"),
        ("-x.tfvars", "-"),
    ],
)
def test_var_files_that_could_leave_are_refused(files: str, words: str) -> None:
    """Var files are .tfvars files of this repository."""
    text = f"version: 1\nprojects: [{{name: a, directory: b, var_files: ['{files}']}}]\n"

    assert words in _problems(text)[0][2]


def test_equal_directory_and_workspace_are_refused() -> None:
    """Two projects may share a directory only in different workspaces."""
    text = "version: 1\nprojects:\n- {name: a, directory: x}\n- {name: b, directory: x%s}\n"

    assert "workspace already" in _problems(text % "")[0][2]
    assert read_configuration(text % ", workspace: prod").projects[1].workspace == "prod"


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("./modules/x", True),
        ("../x", True),
        ("git.example/acme/x//sub?ref=1", True),
        ("git.example/acme-evil/x", False),
        ("git.example/acme/../evil", False),
        ("git.example/acme/%2e%2e/evil", False),
        ("registry/vpc/aws?ref=1", True),
        ("registry/vpc/aws2", False),
        ("/etc", False),
    ],
)
def test_module_sources_are_matched_at_boundaries(source: str, *, allowed: bool) -> None:
    """A prefix does not reach into a name that only begins like it."""
    text = "version: 1\nallowed_module_sources: [git.example/acme/, registry/vpc/aws]\n"

    assert read_configuration(text).allows_module(source) is allowed


def test_drafted_projects_are_known_beside_configured_ones() -> None:
    """Only what is discovered in the drafts' directory joins a list of projects."""
    found = [Project("infra-logs", "infra/logs"), Project("old", "old"), Project("a", "infra/b")]
    text = "version: 1\nprojects: [{name: a, directory: infra/a}]\n"

    known = read_configuration(text).known_projects(found)

    assert [project.name for project in known] == ["a", "a-draft", "infra-logs"]
    assert Configuration.default().known_projects(found) == (found[2], found[0], found[1])


def test_the_place_of_a_draft() -> None:
    """A draft has a folder of its own, or is a file beside the named project's."""
    assert Drafts().folder("logs") == "infra/logs"
    assert Drafts(".").folder("logs") == "logs"
    assert Drafts("infra/network", "network").folder("logs") == "infra/network"


def test_the_published_schema_is_current() -> None:
    """docs/lockgate.schema.json is what the command writes."""
    published = (DOCS / "lockgate.schema.json").read_text()

    assert published == schema_text(), "run python -m handlers.configuration_schema"


def test_the_schema_agrees_with_the_reader() -> None:
    """An editor with the schema accepts a good file and marks a bad key."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))

    assert validator.is_valid(yaml.safe_load(WHOLE))
    assert not validator.is_valid({"version": 1, "projcts": []})


def test_the_documented_examples_are_read() -> None:
    """Every YAML example of the page is a valid file, and every key is on the page."""
    page = (DOCS / "repository-configuration.md").read_text()

    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    assert examples
    assert all(isinstance(read_configuration(each), Configuration) for each in examples)
    schema = json.loads(schema_text())
    for section in (schema, *schema["$defs"].values()):
        assert all(f"`{key}" in page for key in section["properties"])


@given(st.text(max_size=200) | st.text(alphabet="version:1 \n-[]{}&*!'\"#projects", max_size=200))
def test_any_text_is_read_or_explained(text: str) -> None:
    """No text makes the reader fail otherwise than with located problems."""
    problems: tuple[Problem, ...] = ()

    try:
        read_configuration(text)
    except ConfigurationError as exc:
        problems = exc.problems

    assert all(problem.line >= 1 and problem.message for problem in problems)


HOSTS = """\
version: 1
groups:
  - {directories: ["live/**"], allowed_hosts: ["*.amazonaws.com", "registry.example:8443"]}
projects:
  - {name: a, directory: live/a}
  - {name: b, directory: live/b, network: open}
  - {name: c, directory: other/c}
"""


def test_allowed_hosts_make_the_network_a_list() -> None:
    """A group's hosts hold for its projects, unless the project says that its network is open."""
    configuration = read_configuration(HOSTS)

    settled = {each.name: configuration.settled(each) for each in configuration.projects}

    assert settled["a"].network is Network.LISTED
    assert settled["a"].allowed_hosts == ("*.amazonaws.com", "registry.example:8443")
    assert settled["b"].network is Network.OPEN
    assert settled["c"].network is Network.NONE


@pytest.mark.parametrize("host", ["*", "*.com", "https://a.com", "a.com/x", "A.com"])
def test_a_host_is_a_host(host: str) -> None:
    """What could mean more than one name is refused on its line."""
    text = f'version: 1\nprojects:\n  - name: a\n    directory: a\n    allowed_hosts: ["{host}"]\n'

    with pytest.raises(ConfigurationError) as error:
        read_configuration(text)

    assert error.value.problems[0].line == 5
