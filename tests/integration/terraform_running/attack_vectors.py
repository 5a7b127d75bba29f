"""The harmless payloads of the attack suite, one for each way that is known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PLAIN = 'resource "terraform_data" "plain" {}\n'
REQUIRED = """
terraform {
  required_providers {
    evil = { source = "example.invalid/acme/evil" }
  }
}
"""
EVIL = REQUIRED + 'resource "evil_thing" "x" {}\n'
PACKAGE = "example.invalid/acme/evil/1.0.0/linux_amd64/terraform-provider-evil_v1.0.0"
LOCK = 'provider "example.invalid/acme/evil" {\n  version = "1.0.0"\n  hashes = ["h1:none"]\n}\n'
STATE = {
    "version": 4,
    "terraform_version": "1.9.0",
    "serial": 1,
    "lineage": "x",
    "resources": [
        {
            "mode": "managed",
            "type": "evil_thing",
            "name": "x",
            "provider": 'provider["example.invalid/acme/evil"]',
            "instances": [{"schema_version": 0, "attributes": {"id": "x"}}],
        }
    ],
}
CLI = 'provider_installation {\n  filesystem_mirror {\n    path = "plugins"\n  }\n}\n'
DATA = 'data "{kind}" "x" {{\n  {body}\n}}\n'


@dataclass(frozen=True)
class Vector:
    """One way: the files that it takes, and the rule that names it; `PORT` stands for a listener.

    `allowable` says whether a maintainer may let it pass; `programs` are files to make runnable.
    """

    name: str
    files: Mapping[str, str]
    rule: str
    allowable: bool
    links: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()


def _program(path: str) -> Mapping[str, str]:
    return {path: "#!/bin/sh\ntouch ran\n"}


VECTORS = (
    Vector(
        "plugin-folder",
        {"live/main.tf": EVIL, **_program(f"live/terraform.d/plugins/{PACKAGE}")},
        "plugin-folder",
        allowable=False,
        programs=(f"live/terraform.d/plugins/{PACKAGE}",),
    ),
    Vector(
        "working-folder-with-lock",
        {
            "live/main.tf": EVIL,
            "live/.terraform.lock.hcl": LOCK,
            **_program(f"live/.terraform/providers/{PACKAGE}"),
        },
        "working-folder",
        allowable=False,
        programs=(f"live/.terraform/providers/{PACKAGE}",),
    ),
    Vector(
        "provider-beside-the-code",
        {"live/main.tf": EVIL, **_program("live/terraform-provider-evil_v1.0.0")},
        "plugin-folder",
        allowable=False,
        programs=("live/terraform-provider-evil_v1.0.0",),
    ),
    Vector(
        "committed-state",
        {"live/main.tf": PLAIN, "live/terraform.tfstate": json.dumps(STATE)},
        "committed-state",
        allowable=False,
    ),
    Vector(
        "workspace-file",
        {"live/main.tf": PLAIN, "live/.terraform/environment": "production"},
        "working-folder",
        allowable=False,
    ),
    Vector(
        "cli-configuration",
        {
            "live/main.tf": EVIL,
            "live/.terraformrc": CLI,
            **_program(f"live/plugins/{PACKAGE}"),
        },
        "cli-configuration",
        allowable=False,
        programs=(f"live/plugins/{PACKAGE}",),
    ),
    Vector(
        "file",
        {"live/main.tf": 'output "found" {\n  value = file("/etc/hostname")\n}\n'},
        "read-outside",
        allowable=False,
    ),
    Vector(
        "templatefile",
        {"live/main.tf": 'output "found" {\n  value = templatefile("/etc/hostname", {})\n}\n'},
        "read-outside",
        allowable=False,
    ),
    Vector(
        "fileset",
        {"live/main.tf": 'output "found" {\n  value = fileset("/root", "**")\n}\n'},
        "read-outside",
        allowable=False,
    ),
    Vector(
        "environ",
        {"live/main.tf": 'output "found" {\n  value = file("/proc/self/environ")\n}\n'},
        "read-outside",
        allowable=False,
    ),
    Vector(
        "computed-path",
        {
            "live/main.tf": 'variable "p" {\n  default = "/etc/hostname"\n}\n'
            'output "found" {\n  value = file(var.p)\n}\n'
        },
        "file-read",
        allowable=True,
    ),
    Vector(
        "link",
        {"live/main.tf": 'output "found" {\n  value = file("./link")\n}\n'},
        "link-leaves-tree",
        allowable=False,
        links={"live/link": "/etc/hostname"},
    ),
    Vector(
        "remote-state",
        {
            "live/main.tf": DATA.format(
                kind="terraform_remote_state",
                body='backend = "http"\n  config = { address = "http://127.0.0.1:PORT/secret" }',
            )
        },
        "refused-data-source",
        allowable=True,
    ),
    Vector(
        "http-backend",
        {
            "live/main.tf": PLAIN + 'terraform {\n  backend "http" {\n'
            '    address = "http://127.0.0.1:PORT/secret"\n  }\n}\n'
        },
        "backend",
        allowable=True,
    ),
    Vector(
        "module-source",
        {"live/main.tf": 'module "m" {\n  source = "git::http://127.0.0.1:PORT/m.git"\n}\n'},
        "module-source",
        allowable=True,
    ),
    Vector(
        "module-outside",
        {"live/main.tf": 'module "m" {\n  source = "../../secret"\n}\n'},
        "module-source",
        allowable=True,
    ),
    Vector(
        "external-data",
        {"live/main.tf": DATA.format(kind="external", body='program = ["id"]')},
        "refused-data-source",
        allowable=True,
    ),
    Vector(
        "http-data",
        {"live/main.tf": DATA.format(kind="http", body='url = "http://127.0.0.1:PORT/secret"')},
        "refused-data-source",
        allowable=True,
    ),
    Vector(
        "ephemeral",
        {"live/main.tf": EVIL.replace("resource", "ephemeral")},
        "unknown-provider",
        allowable=True,
    ),
    Vector(
        "provider-function",
        {"live/main.tf": REQUIRED + 'output "x" {\n  value = provider::evil::run("id")\n}\n'},
        "unknown-provider",
        allowable=True,
    ),
    Vector("unknown-provider", {"live/main.tf": EVIL}, "unknown-provider", allowable=True),
)
