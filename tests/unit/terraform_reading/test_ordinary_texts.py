"""What only looks like a secret is shown: ids, digests, names, public keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from terraform.redact import Redactor

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"
DIGEST = "3f786850e387550fdab836ed7e6dc881de23001b"
PUBLIC_KEY = "AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDRGZ9qkJ1mT0bX5cW3fYh2uLs8Nn4Kd6Rt1"
ORDINARY = (
    f"https://github.com/acme/infra/commit/{DIGEST}",
    f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v1.4.2@sha256:{DIGEST * 2}",
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188",
    "arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension-Arm64:20",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1B2c3",
    "arn:aws:states:eu-west-1:123456789012:stateMachine:OrderFulfilment2024Production",
    "ami-0c55b159cbfafe1f0", "subnet-0bb1c79de3EXAMPLE", "Z0123456789ABCDEFGHIJ", "E2QWRUHAPOMQZL",
    "amzn2-ami-kernel-5.10-hvm-2.0.20240131.0-x86_64-gp2",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240423",
    "AROAIIAYTPPDVEXAMPLE:i-0abcdef1234567890",
    ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rgProd01/providers"
    "/Microsoft.Network/virtualNetworks/vnetProdWestEurope01/subnets/AzureFirewallSubnet"),
    "https://www.googleapis.com/compute/v1/projects/acme-prod-1/zones/europe-west1-b/instances/web",
    "projects/acme-prod-1/locations/europe-west1/keyRings/ring/cryptoKeys/key1",
    "serviceAccount:terraform@acme-prod-1.iam.gserviceaccount.com",
    "h1:4d8ebiTg7AVSHXcXuW0lrCeJ4cZnxyMKnXIbNKVqW3w=",
    "zh:0ab2b0d9ff9a7d1b5c3b8b5d4e1b6b1a1b2c3d4e5f60718293a4b5c6d7e8f901",
    f"ssh-rsa {PUBLIC_KEY} deploy@acme",
    (f"-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEbGVyYjANBgkqhkiG9w0\n{PUBLIC_KEY}\n"
    "-----END CERTIFICATE-----\n"),
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC3QEKyU1fSma0axspqYK5iAj",
    "registry.terraform.io/hashicorp/terraform-provider-aws", "module.vpc.aws_subnet.private[0]",
    'module.regions["eu-west-1a/b"].terraform_data.node[1249]', "2026-11-28T02:37:14.123456Z",
    "rate(5 minutes) cron(0 12 * * ? *) PT1H30M", "fe80::1ff:fe23:4567:890a 10.0.0.0/16",
    "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess",
    "https://sqs.eu-west-1.amazonaws.com/123456789012/OrdersDeadLetterQueue",
    "password = var.db_password", "secret = data.aws_secretsmanager_secret.db.arn",
    "token = (known after apply)", "export DB_PASSWORD=${DB_PASSWORD}",
    "The password must hold at least 8 letters: see the documentation.",
    "X-Forwarded-For HTTP2 TLSv1.2_2021 ELBSecurityPolicy-TLS13-1-2-2021-06",
    "io.k8s.api.rbac.v1.ClusterRoleBinding/system:kube-controller-manager",
    "CKV2_AWS_61 no-data-store-deletion GHSA-8v27-2fg9-7h62 CVE-2024-12345",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY, ids=range(len(ORDINARY)))
def test_ids_names_and_digests_are_shown(text: str) -> None:
    """Nothing that a reviewer needs is hidden for its looks."""
    assert text == Redactor().redact_text(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_code_hash", "q8Zr2LxV7bN4tY1wKp0Gd5HsJm3Uc9Xe6Ra2Tf8Bn1k="),
        ("version_id", "3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"),
        ("thumbprint_list", "q8Zr2LxV7bN4tY1wKp0Gd5Hs"),
        ("id", "q8Zr2LxV7bN4tY1wKp0Gd5Hs"),
    ],
)
def test_random_ids_and_hashes_are_shown_where_they_belong(name: str, value: str) -> None:
    """A random string is hidden only where none is to be expected."""
    redactor = Redactor()

    assert redactor.redact_json({name: value}) == {name: value}
    assert redactor.redact_json({"description": value}) != {"description": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("db_password", "plain"), ("DB_PASSWORD", "plain"), ("clientSecret", "plain"),
        ("GITHUB_TOKEN", "plain"), ("auth_token", "plain"), ("SECRET_KEY", "plain"),
    ],
)  # fmt: skip
def test_a_setting_with_a_secrets_name_is_hidden(name: str, value: str) -> None:
    """Where a provider marks nothing, the name of a setting tells."""
    assert Redactor().redact_json({name: value}) != {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"),
        ("DB_PASSWORD", "/shop/prod/db-password"), ("password", ""), ("password", True),
        ("secret_name", "db"), ("kms_key", "alias/shop"), ("api_key_source", "HEADER"),
        ("password_policy", "strict"), ("key", "Environment"), ("token_endpoint", "x"),
    ],
)  # fmt: skip
def test_what_says_where_a_secret_is_is_shown(name: str, value: object) -> None:
    """A reference to a secret is none."""
    assert Redactor().redact_json({name: value}) == {name: value}


def _strings(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, name)
    elif isinstance(value, str):
        yield name, value


# Texts of the cases in which `password` and its value stand side by side.
SAYS_PASSWORD = {"sensitive": {"json", "data"}, "actions": {"payload"}}


@pytest.mark.parametrize("plan", sorted(path.parent.name for path in PLANS.glob("*/plan.json")))
def test_nothing_in_a_real_plan_is_hidden_for_its_looks(plan: str) -> None:
    """Of real plans, only passwords are hidden without marks, by their name beside them."""
    redactor = Redactor()
    document = json.loads((PLANS / plan / "plan.json").read_text("utf-8"))

    hidden = {n for n, text in _strings(document) if redactor.redact_text(text, name=n) != text}

    assert hidden <= {"password", *SAYS_PASSWORD.get(plan, ())}
