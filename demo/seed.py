"""What the demo starts from: an organisation, its people, and a repository with one project."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.model import App, Protection, Repository, RequiredCheck
from hub.state import Hub
from rag.catalogue import read_catalogue
from rag.forms import generate

ORGANISATION = "acme"
REPOSITORY = "acme/infra"
STATE_BUCKET = "acme-terraform-state"
REGION = "eu-west-1"
APPLICATION = "web"
NAMESPACE = "argocd"
PROJECT = "platform"
# What moto answers for; the provider would otherwise speak to AWS itself.
SERVICES = (
    "dynamodb", "ec2", "ecr", "iam", "kms", "lambda", "cloudwatchlogs", "rds", "s3", "sns", "sqs",
    "ssm", "sts",
)  # fmt: skip

CONFIGURATION = f"""\
# What Lockgate does in this repository. It is read from the base branch.
version: 1
projects:
  - name: {PROJECT}
    directory: infra/{PROJECT}
    # The cloud of this demo is on this machine, so Terraform must reach it.
    network: open
    applications:
      - {{namespace: {NAMESPACE}, name: {APPLICATION}}}
approvers:
  teams: [platform]
  count: 1
drafts:
  project: {PROJECT}
"""

README = """\
# infra

The infrastructure of Acme. To ask for some, open an issue: there is a form for each module, or use
your own words. To change some, open a pull request.
"""

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
"""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made: the repository and the App installed on it."""

    repository: Repository
    app: App


def terraform(cloud_url: str) -> dict[str, str]:
    """The project's own files: state in S3 and a provider, both on the cloud at this address."""
    endpoints = "\n".join(f'    {service} = "{cloud_url}"' for service in sorted(SERVICES))
    backend = f"""\
terraform {{
  required_version = ">= 1.5"

  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }}
  }}

  backend "s3" {{
    bucket                      = "{STATE_BUCKET}"
    key                         = "{PROJECT}/terraform.tfstate"
    region                      = "{REGION}"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true

    endpoints = {{
      s3 = "{cloud_url}"
    }}
  }}
}}
"""
    provider = f"""\
provider "aws" {{
  region                      = "{REGION}"
  max_retries                 = 3
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {{
    tags = {{
      owner       = "platform"
      environment = "production"
    }}
  }}

  endpoints {{
{endpoints}
  }}
}}
"""
    return {f"infra/{PROJECT}/backend.tf": backend, f"infra/{PROJECT}/providers.tf": provider}


def files(catalogue: Path, cloud_url: str) -> dict[str, str]:
    """The repository's first commit."""
    return {
        "README.md": README,
        ".github/lockgate.yml": CONFIGURATION,
        "apps/web/deployment.yaml": MANIFEST,
        **generate(read_catalogue(catalogue)),
        **terraform(cloud_url),
    }


def seed(
    hub: Hub,
    *,
    manifest: Mapping[str, object],
    public_key_pem: str,
    webhook_secret: str,
    webhook_url: str,
    content: Mapping[str, str],
) -> Seeded:
    """Make Acme: alice asks, bob of the platform team approves, mallory may only read."""
    owner = hub.repositories.add_user(ORGANISATION, kind="Organization")
    for login, name in (("alice", "Alice"), ("bob", "Bob"), ("mallory", "Mallory")):
        hub.repositories.add_user(login, name=name)
    hub.repositories.add_team(ORGANISATION, "platform", ["bob"])
    repository = hub.repositories.add_repository(
        REPOSITORY, content, roles={"alice": "write", "bob": "maintain", "mallory": "read"}
    )
    app = hub.accounts.register_app(
        manifest,
        owner=owner,
        public_key_pem=public_key_pem,
        webhook_secret=webhook_secret,
        webhook_url=webhook_url,
    )
    required = (RequiredCheck("lockgate", app.id),)
    hub.repositories.protect(repository, "main", Protection(required_checks=required))
    hub.accounts.install(app, owner, by=hub.core.user("bob"))
    return Seeded(repository, app)
