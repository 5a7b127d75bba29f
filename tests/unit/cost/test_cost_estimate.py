"""The cost of a plan."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from terraform.cost import Cost, CostLine, Pricing
from terraform.estimate import estimate
from terraform.prices import price_book
from terraform.pricing.page import page_text
from terraform.pricing.types import FIXED, FREE_TYPES, USAGE
from terraform.read_plan import read_plan

Values = dict[str, Any]
MACHINE = {"instance_type": "t3.micro"}  # 0.0104 USD an hour in us-east-1.


def _change(
    address: str, before: Values | None, after: Values | None, unknown: Values | None = None
) -> Values:
    acts = {(False, True): ["create"], (True, False): ["delete"], (True, True): ["update"]}
    actions = ["no-op"] if before == after else acts[before is not None, after is not None]
    *modules, kind, name = address.split(".")
    return {
        "address": address,
        "module_address": ".".join(modules),
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "aws",
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
        },
    }


def _estimate(*changes: Values, region: str | None = "us-east-1", **document: Any) -> Cost:
    whole = {"format_version": "1.2", "terraform_version": "1.11.4", **document}
    return estimate(read_plan({**whole, "resource_changes": list(changes)}), region=region)


def _line(kind: str, values: Values, region: str = "us-east-1", **siblings: Values) -> CostLine:
    others = [_change(f"{name}.x", None, each) for name, each in siblings.items()]
    cost = _estimate(_change(f"{kind}.this", None, values), *others, region=region)
    return next(line for line in cost.lines if line.address == f"{kind}.this")


CACHE = {"node_type": "cache.m4.large"}
SEARCH = {
    "cluster_config": [
        {
            "instance_type": "c4.2xlarge.search",
            "instance_count": 3,
            "dedicated_master_enabled": True,
            "dedicated_master_type": "c4.8xlarge.search",
            "dedicated_master_count": 1,
            "warm_enabled": True,
            "warm_type": "ultrawarm1.medium.search",
            "warm_count": 2,
        }
    ],
    "ebs_options": [{"ebs_enabled": True, "volume_type": "gp2", "volume_size": 100}],
}
KAFKA = {
    "number_of_broker_nodes": 2,
    "broker_node_group_info": [
        {
            "instance_type": "kafka.t3.small",
            "storage_info": [{"ebs_storage_info": [{"volume_size": 500}]}],
        }
    ],
}
DATABASE = {"engine": "postgres", "instance_class": "db.t3.large", "allocated_storage": 20}
DISK = {"volume_type": "gp3", "volume_size": 30, "iops": 3000, "throughput": 125}

FIXED_CASES = [
    pytest.param("aws_alb", {}, "16.43", id="alb"),
    pytest.param("aws_lb", {"load_balancer_type": "network"}, "16.43", id="nlb"),
    pytest.param("aws_cloudwatch_metric_alarm", {"period": 300}, "0.10", id="alarm"),
    pytest.param("aws_db_instance", DATABASE, "108.15", id="rds"),
    pytest.param("aws_db_instance", {**DATABASE, "multi_az": True}, "216.30", id="rds multi-az"),
    pytest.param(
        "aws_db_instance",
        {
            "engine": "mysql",
            "instance_class": "db.t3.large",
            "allocated_storage": 100,
            "storage_type": "io1",
            "iops": 1200,
        },
        "231.78",
        id="rds io1",
    ),
    pytest.param(
        "aws_docdb_cluster_instance", {"instance_class": "db.t3.medium"}, "56.94", id="docdb"
    ),
    pytest.param(
        "aws_dynamodb_table",
        {
            "billing_mode": "PROVISIONED",
            "read_capacity": 10,
            "write_capacity": 5,
            "global_secondary_index": [{"read_capacity": 10, "write_capacity": 5}],
        },
        "6.64",
        id="dynamodb",
    ),
    pytest.param("aws_ebs_volume", {"type": "gp3", "size": 40}, "3.20", id="gp3"),
    pytest.param(
        "aws_ebs_volume",
        {"type": "gp3", "size": 40, "iops": 4000, "throughput": 130},
        "8.40",
        id="gp3 with more",
    ),
    pytest.param("aws_ebs_volume", {"type": "io1", "size": 30, "iops": 300}, "23.25", id="io1"),
    pytest.param("aws_ebs_volume", {"type": "io2", "size": 30, "iops": 300}, "23.25", id="io2"),
    pytest.param("aws_ebs_volume", {"type": "st1", "size": 40}, "1.80", id="st1"),
    pytest.param("aws_ebs_volume", {"type": "sc1", "size": 50}, "0.75", id="sc1"),
    pytest.param("aws_ebs_volume", {"type": "standard", "size": 20}, "1.00", id="magnetic"),
    pytest.param("aws_ebs_volume", {"size": 10}, "1.00", id="gp2 by default"),
    pytest.param("aws_ec2_transit_gateway_vpc_attachment", {}, "36.50", id="attachment"),
    pytest.param("aws_ecs_service", {"launch_type": "EC2"}, "0.00", id="ecs on ec2"),
    pytest.param("aws_eip", {}, "3.65", id="address"),
    pytest.param("aws_eks_cluster", {}, "73.00", id="eks"),
    pytest.param(
        "aws_eks_node_group",
        {"instance_types": ["t3.micro"], "scaling_config": [{"desired_size": 2}]},
        "15.18",
        id="node group",
    ),
    pytest.param("aws_elasticache_cluster", {**CACHE, "num_cache_nodes": 2}, "227.76", id="cache"),
    pytest.param(
        "aws_elasticache_replication_group",
        {**CACHE, "num_node_groups": 2, "replicas_per_node_group": 1},
        "455.52",
        id="cache shards",
    ),
    pytest.param(
        "aws_elasticache_replication_group",
        {**CACHE, "num_cache_clusters": 2},
        "227.76",
        id="cache replicas",
    ),
    pytest.param("aws_elasticsearch_domain", SEARCH, "3386.82", id="elasticsearch"),
    pytest.param("aws_opensearch_domain", SEARCH, "3386.82", id="opensearch"),
    pytest.param("aws_elb", {}, "18.25", id="classic"),
    pytest.param("aws_instance", MACHINE, "7.59", id="instance"),
    pytest.param(
        "aws_instance", {**MACHINE, "root_block_device": [DISK]}, "9.99", id="instance with disk"
    ),
    pytest.param("aws_kms_key", {}, "1.00", id="kms"),
    pytest.param("aws_msk_cluster", KAFKA, "166.58", id="kafka"),
    pytest.param("aws_nat_gateway", {}, "32.85", id="nat"),
    pytest.param(
        "aws_rds_cluster_instance", {"instance_class": "db.r4.large"}, "211.70", id="aurora"
    ),
    pytest.param(
        "aws_redshift_cluster",
        {"node_type": "dc2.large", "number_of_nodes": 4},
        "730.00",
        id="redshift",
    ),
    pytest.param("aws_route53_zone", {}, "0.50", id="zone"),
    pytest.param("aws_secretsmanager_secret", {}, "0.40", id="secret"),
    pytest.param(
        "aws_vpc_endpoint",
        {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]},
        "14.60",
        id="endpoint",
    ),
    pytest.param("aws_vpn_connection", {"vpn_gateway_id": "vgw-1"}, "36.50", id="vpn"),
    pytest.param("aws_vpn_connection", {"transit_gateway_id": "tgw-1"}, "73.00", id="vpn transit"),
]


@pytest.mark.parametrize(("kind", "values", "usd"), FIXED_CASES)
def test_fixed_types_have_their_price(kind: str, values: Values, usd: str) -> None:
    """Each type costs what its list price says, and the line names price, source and date."""
    line = _line(kind, values)

    assert line.pricing is Pricing.FIXED, line.note
    assert line.after == Decimal(usd)
    assert line.before == 0
    assert "USD a" in line.basis or usd == "0.00"


def test_every_fixed_type_is_tested() -> None:
    """Types that need a sibling have their own tests below."""
    tested = {str(case.values[0]) for case in FIXED_CASES} | {"aws_autoscaling_group"}

    assert set(FIXED) == tested
    assert len(FIXED) >= 25
    assert not set(FIXED) & set(USAGE)
    assert not (set(FIXED) | set(USAGE)) & FREE_TYPES


def test_fargate_is_priced_from_its_task() -> None:
    """A Fargate service costs its tasks; without exactly one task definition it is unknown."""
    service = {"launch_type": "FARGATE", "desired_count": 2}
    task = {"family": "web", "cpu": "512", "memory": "1024"}

    line = _line("aws_ecs_service", service, aws_ecs_task_definition=task)

    assert line.after == Decimal("36.04")  # 2 * 730 * (0.5 * 0.04048 + 1 * 0.004445)
    assert _line("aws_ecs_service", service).pricing is Pricing.UNKNOWN
    other = {**service, "task_definition": "arn:aws:ecs:us-east-1:1:task-definition/api:3"}
    assert _line("aws_ecs_service", other, aws_ecs_task_definition=task).after is None


def test_a_group_is_priced_from_its_template() -> None:
    """An Auto Scaling group costs its size times the template's type."""
    group = {"min_size": 1, "desired_capacity": 3, "launch_template": [{"name": "web"}]}

    line = _line("aws_autoscaling_group", group, aws_launch_template={**MACHINE, "name": "web"})

    assert line.after == Decimal("22.78")
    assert _line("aws_autoscaling_group", group).pricing is Pricing.UNKNOWN


@pytest.mark.parametrize("kind", sorted(USAGE))
def test_usage_is_never_zero(kind: str) -> None:
    """A usage-based type has no amount and says what it is paid by."""
    line = _line(kind, {})

    assert (line.pricing, line.after, line.note) == (Pricing.USAGE, None, USAGE[kind])


@pytest.mark.parametrize("kind", [*sorted(FREE_TYPES), "terraform_data", "random_id"])
def test_free_types_cost_nothing(kind: str) -> None:
    """A free type is 0, in any region."""
    line = _line(kind, {}, region="")

    assert (line.pricing, line.after) == (Pricing.FREE, Decimal(0))


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("aws_mystery", {}, "does not cover aws_mystery"),
        ("aws_instance", {"instance_type": "z9.huge"}, "no ec2.z9.huge"),
        ("aws_instance", {}, "instance_type is not set"),
        ("aws_instance", {**MACHINE, "tenancy": "host"}, "default tenancy"),
        ("aws_instance", {**MACHINE, "instance_market_options": [{}]}, "spot"),
        ("aws_db_instance", {**DATABASE, "engine": "oracle-ee"}, "no RDS oracle-ee"),
        ("aws_lb", {"load_balancer_type": "gateway"}, "no lb.gateway"),
        ("aws_ebs_volume", {"type": "io2", "size": 9, "iops": 40000}, "32,000"),
        ("aws_ebs_volume", {"type": "gp2", "size": -1}, "no amount"),
        ("aws_ebs_volume", {"type": "gp2", "size": "NaN"}, "no amount"),
        ("aws_cloudwatch_metric_alarm", {"period": 10}, "high-resolution"),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface"}, "subnets"),
        ("aws_eks_node_group", {"capacity_type": "SPOT"}, "spot"),
        ("aws_dynamodb_table", {"replica": [{}]}, "replicas"),
        ("aws_opensearch_domain", {}, "cluster_config"),
        ("aws_elasticache_cluster", {**CACHE, "engine": "valkey"}, "valkey"),
    ],
)
def test_unknown_is_said(kind: str, values: Values, words: str) -> None:
    """What can't be priced has no amount and a reason."""
    line = _line(kind, values)

    assert (line.pricing, line.after) == (Pricing.UNKNOWN, None)
    assert words in line.note


def test_on_demand_tables_and_serverless_nodes_are_usage() -> None:
    """Types with two ways of paying follow their configuration."""
    assert _line("aws_dynamodb_table", {"billing_mode": "PAY_PER_REQUEST"}).pricing == "usage-based"
    serverless = {"instance_class": "db.serverless"}
    assert _line("aws_rds_cluster_instance", serverless).pricing == "usage-based"
    assert _line("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}).pricing == "free"


def test_prices_on_which_sources_disagree_are_left_out() -> None:
    """A type whose two sources differ is unknown where only the older one has it."""
    kind = {"instance_type": "p5.48xlarge"}

    assert _line("aws_instance", kind).after == Decimal("40179.20")
    assert _line("aws_instance", kind, region="us-west-2").pricing is Pricing.UNKNOWN


def test_another_region_names_the_nearest() -> None:
    """EC2 is known in many regions; what is not says where it is."""
    assert _line("aws_instance", MACHINE, region="eu-west-1").after == Decimal("8.32")
    line = _line("aws_nat_gateway", {}, region="eu-west-1")
    assert line.note == (
        "the price book has no nat.gateway in eu-west-1; in us-east-1 it is 0.045 USD"
    )
    assert _line("aws_route53_zone", {}, region="eu-west-1").after == Decimal("0.50")


def _configuration(provider: Values, **resource: Values) -> Values:
    expressions = resource or {"instance_type": {"constant_value": "t3.micro"}}
    entry = {
        "address": "aws_instance.this",
        "provider_config_key": "module.web:aws.west",
        "expressions": expressions,
    }
    return {
        "provider_config": {"aws.west": {"expressions": {"region": provider}}},
        "root_module": {"module_calls": {"web": {"module": {"resources": [entry]}}}},
    }


@pytest.mark.parametrize(
    ("provider", "values", "usd"),
    [
        ({"constant_value": "eu-west-1"}, {}, "8.32"),
        ({"references": ["var.region"]}, {}, "8.32"),
        ({"constant_value": "eu-west-1"}, {"availability_zone": "us-east-1a"}, "7.59"),
        ({"constant_value": "eu-west-1"}, {"arn": "arn:aws:ec2:us-east-1:1:i"}, "7.59"),
        ({"constant_value": "eu-west-1"}, {"region": "us-east-1"}, "7.59"),
        ({"references": ["local.region"]}, {}, None),
    ],
)
def test_the_region_comes_from_the_plan(provider: Values, values: Values, usd: str | None) -> None:
    """The resource's own region wins, then its provider's; else the line is unknown."""
    change = _change("module.web.aws_instance.this", None, {**MACHINE, **values})
    change["address"] = 'module.web["a.b"].aws_instance.this[0]'

    cost = _estimate(
        change,
        region=None,
        configuration=_configuration(provider),
        variables={"region": {"value": "eu-west-1"}},
    )

    assert cost.lines[0].after == (None if usd is None else Decimal(usd))
    assert usd is not None or "region is not in the plan" in cost.lines[0].note


def test_before_after_and_unchanged_count() -> None:
    """Sums hold unchanged resources on both sides, and targeted-away ones too."""
    state = {
        "root_module": {
            "child_modules": [
                {
                    "address": "module.old",
                    "resources": [
                        {
                            "address": "module.old.aws_eip.a",
                            "mode": "managed",
                            "type": "aws_eip",
                            "values": {},
                        }
                    ],
                }
            ]
        }
    }

    cost = _estimate(
        _change("aws_kms_key.same", {}, {}),
        _change("aws_eip.gone", {}, None),
        _change("aws_instance.bigger", MACHINE, {"instance_type": "t3.small"}),
        prior_state={"values": state},
    )

    assert cost.before == Decimal("1.00") + Decimal("3.65") * 2 + Decimal("7.59")
    assert cost.after == Decimal("1.00") + Decimal("3.65") + Decimal("15.18")
    assert cost.difference == Decimal("3.94")
    assert cost.priced_on.startswith("2024-05 to 2026-")


def test_a_half_known_line_is_in_neither_sum() -> None:
    """A change to an unpriced type is unknown, not a saving."""
    cost = _estimate(_change("aws_instance.a", MACHINE, {"instance_type": "z9.huge"}))

    assert cost.before == cost.after == Decimal(0)
    assert [line.address for line in cost.unknown] == ["aws_instance.a"]
    assert cost.lines[0].before == Decimal("7.59")


def test_defaults_differ_from_values_not_yet_known() -> None:
    """An unset computed argument is AWS's default; one set to an unknown value is unknown."""
    change = _change(
        "module.web.aws_instance.this", None, {}, {"instance_type": True, "root_block_device": True}
    )
    region = {"constant_value": "us-east-1"}

    cost = _estimate(change, region=None, configuration=_configuration(region))

    assert "instance_type is known only after the apply" in cost.lines[0].note
    change["change"]["after"] = MACHINE
    change["change"]["after_unknown"] = {"tenancy": True}
    assert _estimate(change, configuration=_configuration(region)).after == Decimal("7.59")


def test_the_page_is_current() -> None:
    """docs/cost.md lists exactly what the code covers."""
    page = (Path(__file__).parents[3] / "docs" / "cost.md").read_text()

    assert page == page_text(page), "run python -m terraform.pricing.page docs/cost.md"


def test_every_price_has_a_source_and_a_date() -> None:
    """No row without a source, and none without a date of some kind."""
    prices: Mapping[tuple[str, str], Any] = price_book().prices

    assert len(prices) > 13_000
    assert all(price.source and (price.dated or price.read) for price in prices.values())
    assert all(price.usd > 0 for price in prices.values())
    assert not any("a public program" in price.source for price in prices.values())
