"""Machines and their disks: EC2, Auto Scaling, EKS and Fargate."""

from decimal import Decimal

from terraform.pricing.resource import Quote, Resource, UnknownPriceError, nothing

_LINUX = "priced as Linux on demand; licences and credits beyond the baseline are not counted"
_GP3_IOPS = 3000
_GP3_MBPS = 125
_IO2_FIRST_TIER_IOPS = 32000
_EKS_DEFAULT = "t3.medium"  # What EKS takes where no type is named.


def instance(resource: Resource) -> Quote:
    """`aws_instance`: hours and the disks that the plan knows."""
    if resource.values.get("instance_market_options"):
        raise UnknownPriceError("a spot price changes by the hour")
    quote = _machine(resource, resource.text("instance_type")).noting(_LINUX)
    if resource.values.get("associate_public_ip_address"):
        quote = quote.noting("without its public IPv4 address")
    return quote + _disks(resource, "root_block_device") + _disks(resource, "ebs_block_device")


def _machine(resource: Resource, kind: str) -> Quote:
    if str(resource.values.get("tenancy") or "default") != "default":
        raise UnknownPriceError("the price book has default tenancy only")
    return resource.monthly(f"ec2.{kind}")


def _disks(resource: Resource, name: str) -> Quote:
    if resource.is_unknown(name) or not resource.values.get(name):
        missing = "the root disk comes from the image and is not counted"
        return nothing().noting(missing) if name == "root_block_device" else nothing()
    quote = nothing()
    for disk in resource.blocks(name):
        if disk.is_unknown("volume_size") or disk.values.get("volume_size") is None:
            quote = quote.noting(f"the size of a {name} comes from the image and is not counted")
            continue
        # AWS makes a gp2 disk where nothing else is said.
        quote += _disk(disk, disk.text("volume_type", "gp2"), disk.number("volume_size"))
    return quote


def volume(resource: Resource) -> Quote:
    """`aws_ebs_volume`: size, and IOPS and throughput where they are paid for."""
    return _disk(resource, resource.text("type", "gp2"), resource.number("size"))


def _disk(disk: Resource, kind: str, gigabytes: Decimal) -> Quote:
    quote = disk.monthly(f"ebs.{kind}.gb", gigabytes)
    match kind:
        case "gp3":
            quote += disk.monthly("ebs.gp3.iops", _above(disk, "iops", _GP3_IOPS))
            quote += disk.monthly("ebs.gp3.mbps", _above(disk, "throughput", _GP3_MBPS))
        case "io1" | "io2":
            iops = disk.number("iops")
            if kind == "io2" and iops > _IO2_FIRST_TIER_IOPS:
                raise UnknownPriceError("the price book has io2 up to 32,000 IOPS only")
            quote += disk.monthly(f"ebs.{kind}.iops", iops)
        case "standard":
            quote = quote.noting("without I/O requests")
        case _:
            pass
    return quote


def _above(disk: Resource, name: str, included: int) -> Decimal:
    # AWS gives what is included where nothing is set.
    return max(disk.number(name, included) - included, Decimal(0))


def group(resource: Resource) -> Quote:
    """`aws_autoscaling_group`: its wanted or least size of the launch template's type."""
    if resource.values.get("mixed_instances_policy"):
        raise UnknownPriceError("a mixed instances policy chooses the types as it runs")
    count = resource.values.get("desired_capacity")
    name = "min_size" if count is None else "desired_capacity"
    template = _template(resource)
    quote = _machine(template, template.text("instance_type"))
    return quote.times(resource.number(name)).noting(f"{_LINUX}; at {name}; disks not counted")


def _template(resource: Resource) -> Resource:
    """The launch template of a group: the one it names, else the only one of its module."""
    kinds = {"aws_launch_template", "aws_launch_configuration"}
    templates = [each for each in resource.siblings if each.type in kinds]
    blocks = resource.blocks("launch_template")
    wanted = {str(block.values.get(name)) for block in blocks for name in ("id", "name")}
    wanted.add(str(resource.values.get("launch_configuration")))
    wanted -= {"None", ""}
    named = [
        each for each in templates if wanted & {str(each.values.get(key)) for key in ("id", "name")}
    ]
    found = named or ([] if wanted else templates)
    if len(found) != 1:
        raise UnknownPriceError("the plan does not say which launch template it uses")
    return found[0]


def node_group(resource: Resource) -> Quote:
    """`aws_eks_node_group`: its wanted size of its one instance type."""
    if resource.text("capacity_type", "ON_DEMAND") != "ON_DEMAND":
        raise UnknownPriceError("a spot price changes by the hour")
    if resource.values.get("launch_template"):
        raise UnknownPriceError("its instance type comes from a launch template")
    kinds = list(resource.get("instance_types") or [_EKS_DEFAULT])
    if len(kinds) != 1:
        raise UnknownPriceError("several instance types; which one runs is chosen later")
    scaling = resource.blocks("scaling_config")
    if not scaling:
        raise UnknownPriceError("scaling_config is not set")
    quote = resource.monthly(f"ec2.{kinds[0]}").times(scaling[0].number("desired_size"))
    return quote.noting(f"{_LINUX}; at desired_size; disks not counted")


def service(resource: Resource) -> Quote:
    """`aws_ecs_service`: Fargate tasks; on EC2 the machines are priced, not the service."""
    if resource.values.get("capacity_provider_strategy"):
        raise UnknownPriceError("capacity providers choose between Fargate and spot as it runs")
    if resource.text("launch_type", "EC2") != "FARGATE":
        return nothing().noting("runs on machines that are priced on their own")
    task = _task(resource)
    runtime = task.blocks("runtime_platform")
    chip = runtime[0].text("cpu_architecture", "X86_64").lower() if runtime else "x86_64"
    if runtime and runtime[0].text("operating_system_family", "LINUX") != "LINUX":
        raise UnknownPriceError("the price book has Fargate on Linux only")
    one = task.monthly(f"fargate.{chip}.vcpu", task.number("cpu") / 1024)
    one += task.monthly(f"fargate.{chip}.gb", task.number("memory") / 1024)
    return one.times(resource.number("desired_count", 1)).noting("without storage above 20 GB")


def _task(resource: Resource) -> Resource:
    """The task definition of a service: the one it names, else the only one of its module."""
    tasks = [each for each in resource.siblings if each.type == "aws_ecs_task_definition"]
    wanted = str(resource.values.get("task_definition") or "")
    family = wanted.rpartition("/")[2].partition(":")[0]
    found = [each for each in tasks if each.values.get("family") == family] if wanted else tasks
    if len(found) != 1:
        raise UnknownPriceError("the plan does not say which task definition it runs")
    return found[0]
