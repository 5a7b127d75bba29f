"""One change as the pages show it: an issue, its pull request, two checks, people who talk."""

from dataclasses import dataclass
from pathlib import Path

from hub.model import CheckRun
from hub.pages import routes
from hub.pulls import PullRequest
from hub.seed import Acme, Registration, seed_acme
from hub.server import HubServer

MANIFEST: dict[str, object] = {
    "name": "Lockgate",
    "url": "https://lockgate.example",
    "default_permissions": {
        "checks": "write",
        "contents": "write",
        "issues": "write",
        "pull_requests": "write",
    },
    "default_events": ["issues", "issue_comment", "pull_request", "push"],
}
FORM = """\
name: Private S3 bucket
description: A private, encrypted S3 bucket with versioning and lifecycle rules.
title: 'Private S3 bucket: '
labels:
- infrastructure
body:
- type: markdown
  attributes:
    value: Public access is always blocked; objects are **versioned** and encrypted with KMS.
- type: dropdown
  id: module
  attributes:
    label: Module
    description: What to draft.
    options:
    - s3-bucket
    default: 0
  validations:
    required: true
- type: input
  id: name
  attributes:
    label: Bucket name
    description: 3 to 63 lower-case letters, digits and hyphens; unique in all of AWS.
    placeholder: acme-audit-logs
  validations:
    required: true
- type: dropdown
  id: versioning
  attributes:
    label: Versioning
    options:
    - 'true'
    - 'false'
- type: input
  id: retention-days
  attributes:
    label: Retention in days
    description: Delete objects this many days after they were written. Leave empty to keep them.
- type: textarea
  id: notes
  attributes:
    label: Anything else
    description: What it is for, and who to ask.
- type: checkboxes
  id: promises
  attributes:
    label: Before you file it
    options:
    - label: Nobody outside Acme will read it
      required: true
    - label: It holds personal data
"""
README = """\
# Infrastructure

Everything **Acme** runs, as Terraform. Ask for a new piece in an issue.

| folder | what |
| --- | --- |
| `live/` | what runs now |
| `modules/` | what you may use |
"""
MAIN = """\
terraform {
  required_version = ">= 1.9"
}

provider "aws" {
  region = "eu-west-1"
}
"""
BUCKET = """\
module "audit_logs" {
  source = "../modules/s3-bucket"

  name           = "acme-audit-logs"
  versioning     = true
  retention_days = 90
}

resource "aws_security_group_rule" "admin" {
  type              = "ingress"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/0"]
  security_group_id = "sg-0a1b2c3d"
}
"""
FILES: dict[str, str | bytes] = {
    "README.md": README,
    ".github/ISSUE_TEMPLATE/s3-bucket.yml": FORM,
    ".github/ISSUE_TEMPLATE/config.yml": "blank_issues_enabled: true\n",
    "live/main.tf": MAIN,
    "live/logo.png": b"\x89PNG\r\n\x1a\n\xff\xfe",
    "modules/s3-bucket/main.tf": 'variable "name" {\n  type = string\n}\n',
}
SUMMARY = """\
**Planned.** Policy blocks it: mend the findings below and push.

### Look here first

- `aws_security_group_rule.admin` opens port 22 to the whole internet

### Plan

| add | change | destroy | of these replaced |
| --- | --- | --- | --- |
| 7 | 1 | 0 | 0 |

### Policy: blocks

|  | rule | where | what, and what to do |
| --- | --- | --- | --- |
| block | [`CKV_AWS_24`](https://docs.example/ckv) | `aws_security_group_rule.admin` \
`live/audit.tf:9` | \
SSH is open to 0.0.0.0/0. Name the office's range, or reach instances through SSM. |
| warn | `CKV_AWS_144` | `module.audit_logs.aws_s3_bucket.this` `live/audit.tf:1` | \
The bucket is not replicated to another region. Set `replication` when the logs must outlive one. |

46 checks passed.

### Cost

**+$2.31 a month** ($0.00 before, $2.31 after), USD, prices of 2026-11-01.

| resource | before | after | what the figure leaves out |
| --- | --- | --- | --- |
| `module.audit_logs.aws_s3_bucket.this` | unknown | by usage | storage and requests |
| `module.audit_logs.aws_kms_key.this` | $0.00 | $1.00 | requests |

Directory `live`, workspace `default`. Terraform ran in a sandbox; its network was off.

<!-- lockgate:made-up -->
"""
PLAN_HEAD = """\
+ aws_security_group_rule.admin (create)
    + cidr_blocks       = ["0.0.0.0/0"]
    + from_port         = 22
    + security_group_id = "sg-0a1b2c3d"
! aws_iam_role.audit (update)
!   description         = "Reads logs" -> "Reads the audit logs"
- aws_s3_bucket_acl.old (delete)
-   acl                 = "private"
"""
BUTTONS = [
    {"label": "Plan again", "description": "Plan this project again", "identifier": "plan"},
    {"label": "Approve", "description": "Approve exactly this plan", "identifier": "approve"},
    {"label": "Apply", "description": "Apply exactly the approved plan", "identifier": "apply"},
]
ANNOTATIONS = [
    {
        "path": "live/audit.tf",
        "start_line": 9,
        "end_line": 16,
        "annotation_level": "failure",
        "title": "CKV_AWS_24: aws_security_group_rule.admin",
        "message": "SSH is open to 0.0.0.0/0. Name the office's range, or use SSM.",
    },
    {
        "path": "live/audit.tf",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "warning",
        "title": "CKV_AWS_144: module.audit_logs.aws_s3_bucket.this",
        "message": "The bucket is not replicated to another region.",
    },
]


@dataclass(frozen=True, slots=True)
class Story:
    """A running hub, what was seeded, and the two checks of its pull request."""

    server: HubServer
    acme: Acme
    pr: PullRequest
    project: CheckRun
    summary: CheckRun

    @property
    def path(self) -> str:
        """Return the pull request's page."""
        return f"/acme/infrastructure/pull/{self.pr.issue.number}"

    def pass_required(self) -> None:
        """Let the required check pass."""
        fields = {"conclusion": "success", "output": {"title": "Applied (1)", "summary": "Done."}}
        checks = self.server.hub.checks
        checks.update_run(self.acme.repo, self.summary, self.acme.app, fields)


def server(root: Path, port: int = 0) -> HubServer:
    """Return a hub with its pages, not started."""
    return HubServer(root, port=port, routes=routes())


def seed(running: HubServer) -> Story:
    """Fill a hub: issue #1 asks, pull request #2 answers and is checked and talked about."""
    hub = running.hub
    acme = seed_acme(
        hub,
        Registration(MANIFEST, "unused", "made up", "http://127.0.0.1:9/webhook"),
        files=FILES,
        required_check="lockgate",
    )
    repo, bot = acme.repo, acme.app.bot
    words = "We need a private bucket for audit logs in `eu-west-1`, keep 90 days, versioned."
    issue = hub.issues.open_issue(
        repo,
        by=acme.developer,
        title="A bucket for audit logs",
        body=words,
        labels=["infrastructure"],
    )
    branch = "lockgate/1-audit-logs"
    change = {"live/audit.tf": BUCKET, "live/main.tf": MAIN.replace("1.9", "1.11")}
    head = hub.repositories.commit_files(
        repo, branch, change, by=bot, message="Add the audit log bucket"
    )
    body = (
        "Closes #1, as @alice asked.\n\n## Where each value comes from\n\n"
        "| value | source |\n| --- | --- |\n"
        "| `retention_days = 90` | words of #1: “keep 90 days” |\n"
        "| `versioning = true` | words of #1 |\n\n- [x] formatted and valid\n- [ ] approved\n"
    )
    pr = hub.pulls.open_pull(
        repo, by=bot, title="Add a bucket for audit logs", body=body, head=branch, base="main"
    )
    hub.issues.comment(repo, issue, by=bot, body=f"Drafted in #{pr.issue.number}.")
    said = hub.issues.comment(repo, pr.issue, by=acme.developer, body="/plan")
    hub.issues.react(said, by=bot, content="eyes")
    project, summary = _checks(running, acme, head)
    hub.pulls.submit_review(
        pr, by=acme.platform_engineer, event="COMMENT", body="The port, please: see `CKV_AWS_24`."
    )
    return Story(running, acme, pr, project, summary)


def _checks(running: HubServer, acme: Acme, head: str) -> tuple[CheckRun, CheckRun]:
    blocks = [
        f"+ module.audit_logs.aws_s3_bucket_lifecycle_configuration.rule_{number} (create)\n"
        f'    + id     = "expire-{number}"\n    + status = "Enabled"\n'
        f'    + prefix = "a/rather/long/prefix/that/makes/the/line/scroll/sideways/{number}/"\n'
        for number in range(60)
    ]
    checks, repo = running.hub.checks, acme.repo
    output = {
        "title": "8 to add, 1 to change, 1 to destroy · policy blocks · +$2.31 + unknown a month",
        "summary": SUMMARY,
        "text": f"```diff\n{PLAN_HEAD}{''.join(blocks)}```",
        "annotations": ANNOTATIONS,
    }
    fields = {"conclusion": "failure", "output": output, "actions": BUTTONS}
    project = checks.create_run(repo, acme.app, name="lockgate / live", sha=head, fields=fields)
    busy = {
        "status": "in_progress",
        "output": {
            "title": "live: waiting for approval",
            "summary": "| project | stage |\n| --- | --- |\n| `live` | planned |",
        },
    }
    summary = checks.create_run(repo, acme.app, name="lockgate", sha=head, fields=busy)
    return project, summary
