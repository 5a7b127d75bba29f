"""What a reviewer must see first in a plan: losses, then access, exposure and data stores."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from terraform.plan import Act, Change, Json, Plan


class RiskKind(IntEnum):
    """The kinds of risk, worst first; the number is the order in which they are shown."""

    DATA_STORE_LOSS = 0
    DESTROY = 1
    REPLACE = 2
    EXPOSURE = 3
    ACCESS = 4
    DATA_STORE = 5
    FORGET = 6


@dataclass(frozen=True, slots=True)
class Risk:
    """One reason to look twice at one change, in a few words."""

    kind: RiskKind
    address: str
    message: str


_TOUCHING = (Act.CREATE, Act.UPDATE, Act.REPLACE, Act.DELETE)
# AWS first, then the common stores of the other two clouds.
_DATA_STORES = (
    "aws_db_", "aws_rds_", "aws_dynamodb_table", "aws_s3_bucket", "aws_efs_file_system",
    "aws_ebs_volume", "aws_elasticache_", "aws_docdb_", "aws_neptune_", "aws_redshift_",
    "aws_opensearch_domain", "aws_elasticsearch_domain", "aws_kinesis_stream", "aws_msk_",
    "aws_mq_broker", "aws_sqs_queue", "aws_ecr_repository", "aws_backup_vault", "aws_fsx_",
    "aws_secretsmanager_secret", "aws_kms_key", "aws_memorydb_", "aws_timestream",
    "google_sql_", "google_storage_bucket", "google_bigquery_", "google_spanner_",
    "google_compute_disk", "azurerm_storage_account", "azurerm_mssql_", "azurerm_postgresql_",
    "azurerm_cosmosdb_", "azurerm_managed_disk", "azurerm_key_vault",
)  # fmt: skip
# Settings of a store that hold no data themselves.
_STORE_SETTINGS = (
    "aws_db_subnet_group", "aws_db_parameter_group", "aws_db_option_group",
    "aws_rds_cluster_parameter_group", "aws_elasticache_subnet_group",
    "aws_elasticache_parameter_group", "aws_s3_bucket_", "aws_ecr_repository_policy",
    "aws_sqs_queue_policy",
)  # fmt: skip
_ACCESS = (
    "aws_iam_", "aws_s3_bucket_policy", "aws_s3_bucket_acl", "aws_sqs_queue_policy",
    "aws_sns_topic_policy", "aws_kms_key_policy", "aws_kms_grant", "aws_lambda_permission",
    "aws_ecr_repository_policy", "aws_secretsmanager_secret_policy", "aws_organizations_",
    "aws_ssoadmin_", "google_project_iam", "google_service_account", "azurerm_role_",
)  # fmt: skip
_ANYWHERE = ("0.0.0.0/0", "::/0")
_FIREWALLS = (
    "aws_security_group", "aws_vpc_security_group_ingress_rule", "aws_network_acl",
    "aws_default_security_group", "google_compute_firewall", "azurerm_network_security_",
)  # fmt: skip
# Attribute, and the values of it that open something up.
_OPENING: Mapping[str, tuple[Json, ...]] = {
    "publicly_accessible": (True,),
    "associate_public_ip_address": (True,),
    "map_public_ip_on_launch": (True,),
    "endpoint_public_access": (True,),
    "block_public_acls": (False,),
    "block_public_policy": (False,),
    "ignore_public_acls": (False,),
    "restrict_public_buckets": (False,),
    "acl": ("public-read", "public-read-write", "authenticated-read"),
    "authorization_type": ("NONE",),
}
_POLICY_ATTRIBUTES = ("policy", "assume_role_policy", "inline_policy")


def is_data_store(type_: str) -> bool:
    """True when a resource of this type holds data that its deletion loses."""
    return type_.startswith(_DATA_STORES) and not type_.startswith(_STORE_SETTINGS)


def risks(plan: Plan) -> tuple[Risk, ...]:
    """Every risk of a plan, worst kind first, then by address."""
    found = (risk for change in plan.changes for risk in change_risks(change))
    return tuple(sorted(found, key=lambda risk: (risk.kind, risk.address, risk.message)))


def by_risk(plan: Plan) -> tuple[Change, ...]:
    """The plan's changes, riskiest first; reads and mere moves last."""
    return tuple(sorted(plan.changes, key=_rank))


def change_risks(change: Change) -> Iterator[Risk]:
    """The risks of one change."""
    yield from _losses(change)
    if change.act not in _TOUCHING:
        return
    if change.act is not Act.DELETE:
        for message in dict.fromkeys((*_exposed(change), *_open_policies(change))):
            yield Risk(RiskKind.EXPOSURE, change.address, message)
    if change.type.startswith(_ACCESS):
        yield Risk(RiskKind.ACCESS, change.address, f"{change.act}s who may do what")
    if is_data_store(change.type) and change.act in {Act.CREATE, Act.UPDATE}:
        yield Risk(RiskKind.DATA_STORE, change.address, f"{change.act}s a data store")


def _losses(change: Change) -> Iterator[Risk]:
    store = is_data_store(change.type)
    if change.act in {Act.DELETE, Act.REPLACE} and store:
        yield Risk(
            RiskKind.DATA_STORE_LOSS, change.address, f"{change.act}s a data store and its data"
        )
    elif change.act is Act.DELETE:
        yield Risk(RiskKind.DESTROY, change.address, "is destroyed")
    elif change.act is Act.REPLACE:
        order = "created, then destroyed" if change.create_before_destroy else "destroyed first"
        yield Risk(RiskKind.REPLACE, change.address, f"is replaced ({order})")
    elif change.act is Act.FORGET:
        yield Risk(RiskKind.FORGET, change.address, "leaves the state and is managed no longer")


def _rank(change: Change) -> tuple[int, int, str]:
    worst = min((risk.kind for risk in change_risks(change)), default=len(RiskKind))
    quiet = change.act in {Act.READ, Act.MOVE, Act.IMPORT}
    return worst, int(quiet), change.address


def _exposed(change: Change) -> Iterator[str]:
    after = change.after if isinstance(change.after, dict) else {}
    before = change.before if isinstance(change.before, dict) else {}
    for name in sorted(_OPENING.keys() & after.keys()):
        value, opening = after[name], _OPENING[name]
        # `in` would take 0 for False.
        if any(value is one or value == one != 0 for one in opening) and before.get(name) != value:
            yield f"sets {name} to {json.dumps(value)}"
    outgoing = after.get("type") == "egress" or after.get("direction") in {"EGRESS", "Outbound"}
    if change.type.startswith(_FIREWALLS) and not outgoing:
        # What leaves is no exposure: nearly every group lets everything out.
        kept = {key: value for key, value in after.items() if key != "egress"}
        earlier = {key: value for key, value in before.items() if key != "egress"}
        if _opens(kept) and kept != earlier:
            yield "lets in traffic from anywhere"


def _opens(value: Json) -> bool:
    if isinstance(value, dict):
        return any(_opens(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_opens(inner) for inner in value)
    return value in _ANYWHERE


def _open_policies(change: Change) -> Iterator[str]:
    after = change.after if isinstance(change.after, dict) else {}
    before = change.before if isinstance(change.before, dict) else {}
    for name in _POLICY_ATTRIBUTES:
        if after.get(name) == before.get(name):
            continue
        for statement in _allowing(after.get(name)):
            if _is_everyone(statement.get("Principal")):
                yield f"{name} allows everyone"
            if "*" in _items(statement.get("Action")) and "*" in _items(statement.get("Resource")):
                yield f"{name} allows every action on everything"


def _allowing(policy: Json) -> Iterator[Mapping[str, Json]]:
    if not isinstance(policy, str):
        return
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow":
            yield statement


def _is_everyone(principal: Json) -> bool:
    if isinstance(principal, Mapping):
        return any("*" in _items(value) for value in principal.values())
    return bool(principal == "*")


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
