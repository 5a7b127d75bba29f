"""Network parts and small services that are paid by the hour or month."""

from collections.abc import Callable

from terraform.pricing.resource import FREE, Quote, Resource, UnknownPriceError

_SECONDS_STANDARD = 60


def flat(key: str, note: str = "") -> Callable[[Resource], Quote]:
    """A pricing function for a type with one price however it is configured."""

    def price(resource: Resource) -> Quote:
        quote = resource.monthly(key)
        return quote.noting(note) if note else quote

    return price


def nat_gateway(resource: Resource) -> Quote:
    """`aws_nat_gateway`: hours."""
    return resource.monthly("nat.gateway").noting("without data processed; its address is apart")


def load_balancer(resource: Resource) -> Quote:
    """`aws_lb` and `aws_alb`: hours of an application or network load balancer."""
    kind = resource.text("load_balancer_type", "application")
    return resource.monthly(f"lb.{kind}").noting("without capacity units, which follow traffic")


def vpn(resource: Resource) -> Quote:
    """`aws_vpn_connection`: hours, and the attachment where it ends at a transit gateway."""
    quote = resource.monthly("vpn.connection")
    # A gateway made by the same plan has no id yet.
    if resource.values.get("transit_gateway_id") or resource.is_unknown("transit_gateway_id"):
        quote += resource.monthly("transit_gateway.attachment")
    return quote.noting("without data processed")


def endpoint(resource: Resource) -> Quote:
    """`aws_vpc_endpoint`: free for a gateway, else hours in each subnet."""
    kind = resource.text("vpc_endpoint_type", "Gateway")
    if kind == "Gateway":
        return FREE
    if kind != "Interface":
        raise UnknownPriceError(f"the price book has no {kind} endpoint")
    subnets = resource.get("subnet_ids")
    if not isinstance(subnets, list) or not subnets:
        raise UnknownPriceError("its subnets are not in the plan")
    return resource.monthly("vpc.endpoint", len(subnets)).noting("without data processed")


def alarm(resource: Resource) -> Quote:
    """`aws_cloudwatch_metric_alarm`: one standard-resolution metric a month."""
    if resource.values.get("metric_query"):
        raise UnknownPriceError("an alarm on a metric query is paid by the metrics it reads")
    if resource.number("period", _SECONDS_STANDARD) < _SECONDS_STANDARD:
        raise UnknownPriceError("the price book has no high-resolution alarm")
    return resource.monthly("cloudwatch.alarm")
