"""Projects that nobody listed: found, selected by what they read, ruled by their group."""

from tests.flow.world import SUMMARY, Make

CONFIGURATION = """\
version: 1
groups:
  - directories: ["live/**"]
    environment: production
    approvers: {users: [carol]}
"""
ROOT = """\
terraform {
  required_version = ">= 1.0"
}
resource "terraform_data" "names" {
  input = jsondecode(file("${path.module}/../shared/names.json"))
}
"""
FILES = {
    ".github/lockgate.yml": CONFIGURATION,
    "live/main.tf": ROOT,
    "shared/names.json": '["one"]\n',
}


def test_a_file_that_a_project_reads_selects_it(make: Make) -> None:
    """Nobody named the project or the file; its group says who approves."""
    place = make(FILES)

    pr = place.propose({"shared/names.json": '["one", "two"]\n'})
    check = place.planned(pr)
    place.say(pr, "/approve")
    answer = place.answered(pr.issue.number, "not among the approvers")
    place.say(pr, "/config")
    told = place.answered(pr.issue.number, "What holds here")

    assert "two" in str(check.text)
    assert "You are not among the approvers of `live`. It needs one of `carol`" in answer
    assert "| `live` | `live` | `default` | `production` | 1 of `carol` |" in told


def test_what_terragrunt_runs_is_never_green(make: Make) -> None:
    """The summary says in words that nothing is planned, and the merge stays shut."""
    place = make(FILES)

    pr = place.propose({"units/vpc/terragrunt.hcl": 'terraform {\n  source = "../../m"\n}\n'})
    summary = place.completed(pr, SUMMARY)

    place.settled()
    assert summary.conclusion == "failure"
    assert "Lockgate runs Terraform and OpenTofu, not Terragrunt" in str(summary.summary)
    assert place.merge_refused(pr) == 405
    assert place.runs() == []
