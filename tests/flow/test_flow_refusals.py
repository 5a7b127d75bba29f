"""What may not or can't be planned: said in the checks, on the lines, with what to do next."""

from collections.abc import Mapping

import pytest

from hub.git import TreeEntry
from hub.model import CheckRun
from hub.repositories import signature
from tests.flow.world import CHECK, CONFIGURATION, FILES, SUMMARY, Make, Place

EXTERNAL = 'data "external" "x" {\n  program = ["id"]\n}\n'
PROVISIONER = """\
resource "terraform_data" "x" {
  provisioner "local-exec" {
    command = "id"
  }
}
"""
LINK = "120000"


@pytest.mark.parametrize(
    ("files", "rule", "place_"),
    [
        pytest.param(
            {"live/main.tf": EXTERNAL}, "refused-data-source", ("live/main.tf", 1), id="external"
        ),
        pytest.param(
            {"live/main.tf": PROVISIONER}, "provisioner", ("live/main.tf", 2), id="provisioner"
        ),
        pytest.param(
            {"live/.terraform/providers/x": "#!/bin/sh\n", "live/main.tf": "# More.\n"},
            "working-folder",
            None,
            id="committed-.terraform",
        ),
    ],
)
def test_code_that_could_run_programs_is_not_planned(
    make: Make, files: Mapping[str, str], rule: str, place_: tuple[str, int] | None
) -> None:
    """The gate before the plan refuses, names the rule, and marks the line."""
    place = make(FILES)

    pr = place.propose(files)
    check = place.completed(pr)

    place.settled()
    assert (check.conclusion, check.title) == ("failure", "The plan could not be made")
    assert "**Not planned.**" in str(check.summary)
    assert rule in str(check.summary)
    if place_ is not None:
        assert place_ in _noted(check)
    assert place.title(pr.pull.head_sha, SUMMARY) == "Something needs mending"
    assert place.merge_refused(pr) == 405


def test_a_link_out_of_the_tree_is_not_planned(make: Make) -> None:
    """A committed link to the host's files stops the plan."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)

    _push_link(place, "live/secrets.tf", "/etc/passwd")
    check = place.completed(pr)

    assert check.conclusion == "failure"
    assert "secrets.tf" in str(check.summary)
    assert "root:" not in str(check.summary) + str(check.text)


def test_broken_hcl_fails_on_its_line(make: Make) -> None:
    """What does not parse is marked where it does not, and mending it plans."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": 'resource "terraform_data" "x" {\n  input = \n}\n'})

    check = place.completed(pr)

    place.settled()
    assert check.conclusion == "failure"
    assert ("live/main.tf", 2) in _noted(check)
    place.push({"live/main.tf": 'resource "terraform_data" "x" {}\n'})
    place.planned(pr)


def test_what_terraform_refuses_fails_on_its_line(make: Make) -> None:
    """An error that only Terraform finds comes with its words and its line."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": '\nresource "terraform_data" "x" {\n  input = var.no\n}\n'})

    check = place.completed(pr)

    assert check.conclusion == "failure"
    assert "undeclared input variable" in str(check.summary)
    assert _noted(check) == [("live/main.tf", 3)]


def test_a_broken_configuration_is_one_red_check(make: Make) -> None:
    """On the base branch or in the pull request: one red summary that names the line."""
    broken = CONFIGURATION + "aprovers: {}\n"
    place = make(FILES)
    breaking = place.propose({".github/lockgate.yml": broken}, branch="breaking")

    inside = place.completed(breaking, SUMMARY)
    place.settled()
    place.move_base({".github/lockgate.yml": broken})
    pr = place.propose(branch="other")
    outside = place.completed(pr, SUMMARY)

    place.settled()
    for check, where in ((inside, "this pull request"), (outside, "the base branch")):
        assert (check.conclusion, check.title) == ("failure", "Nothing can be planned yet")
        assert f"on {where} can't be used" in str(check.summary)
        assert "line 4" in str(check.summary)
        assert _noted(check) == [(".github/lockgate.yml", 4)]
    assert place.check(pr.pull.head_sha, CHECK) is None
    assert place.runs() == []
    place.say(pr, "/plan")
    place.answered(pr.issue.number, "line 4")


def test_a_plan_longer_than_a_check_is_cut_in_the_middle(make: Make) -> None:
    """A diff over GitHub's 65,535 bytes keeps head and tail, and says what is left out."""
    words = f"{'x' * 700}${{count.index}}"
    source = f'resource "terraform_data" "w" {{\n  count = 150\n  input = "{words}"\n}}\n'
    place = make(FILES)
    pr = place.propose({"live/main.tf": source})

    check = place.planned(pr)

    text = str(check.text)
    assert 30_000 < len(text.encode()) <= 65_535
    assert "terraform_data.w[0]" in text
    assert "left out" in text
    assert text.count("```") == 2
    assert "150 to add" in str(check.title)


def _noted(check: CheckRun) -> list[tuple[str, int]]:
    return [(noted["path"], noted["start_line"]) for noted in check.annotations]


def _push_link(place: Place, path: str, target: str) -> None:
    """Commit a symbolic link to the branch of the pull request."""
    hub, repository = place.stack.hub, place.repository
    git = hub.core.git(repository)
    parent = git.resolve("change")
    assert parent is not None
    blob = git.write_blob(target.encode())
    tree = git.write_tree([TreeEntry(LINK, "blob", blob, None, path)], base=parent)
    who = signature(hub.core.user("alice"), hub.core.clock())
    sha = git.write_commit(tree, (parent,), "Link", author=who, committer=who)
    hub.repositories.update_ref(repository, "refs/heads/change", sha, by=hub.core.user("alice"))
