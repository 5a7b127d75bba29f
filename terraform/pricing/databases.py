"""Databases, caches and streams that are paid by the node."""

from decimal import Decimal

from terraform.cost import Pricing
from terraform.pricing.resource import Quote, Resource, UnknownPriceError, nothing

_GP3_LARGE_GB = 400
_GP3_LARGE_IOPS = 12000


def database(resource: Resource) -> Quote:
    """`aws_db_instance`: hours and storage, both twice with a standby in another zone."""
    engine = resource.text("engine")
    if engine not in {"mysql", "postgres"}:
        raise UnknownPriceError(f"the price book has no RDS {engine}")
    kind = resource.text("instance_class").removeprefix("db.")
    quote = resource.monthly(f"rds.{engine}.{kind}") + _storage(resource)
    copies = 2 if resource.values.get("multi_az") else 1
    return quote.times(Decimal(copies)).noting("without backups beyond the free size and transfer")


def _storage(resource: Resource) -> Quote:
    size = resource.number("allocated_storage")
    kind = resource.values.get("storage_type")
    iops = resource.values.get("iops")
    kind = str(kind or ("io1" if iops else "gp2"))
    quote = resource.monthly(f"rds.storage.{kind}", size)
    if kind == "io1":
        quote += resource.monthly("rds.iops.io1", resource.number("iops"))
    if kind == "gp3" and iops and size >= _GP3_LARGE_GB:
        above = max(resource.number("iops") - _GP3_LARGE_IOPS, Decimal(0))
        quote += resource.monthly("rds.iops.gp3", above)
    return quote


def aurora(resource: Resource) -> Quote:
    """`aws_rds_cluster_instance`: hours of one Aurora node; its storage grows with use."""
    kind = resource.text("instance_class").removeprefix("db.")
    if kind == "serverless":
        return Quote(Pricing.USAGE, None, ("by capacity units used",))
    return resource.monthly(f"aurora.{kind}").noting("without storage and I/O, which follow use")


def document(resource: Resource) -> Quote:
    """`aws_docdb_cluster_instance`: hours of one node."""
    kind = resource.text("instance_class").removeprefix("db.")
    return resource.monthly(f"docdb.{kind}").noting("without storage and I/O, which follow use")


def _cache_node(resource: Resource) -> str:
    # Valkey costs less than the engines that the price book has.
    engine = resource.text("engine", "redis")
    if engine == "valkey":
        raise UnknownPriceError("the price book has no ElastiCache valkey")
    return resource.text("node_type").removeprefix("cache.")


def cache(resource: Resource) -> Quote:
    """`aws_elasticache_cluster`: hours of its nodes."""
    kind = _cache_node(resource)
    return resource.monthly(f"elasticache.{kind}", resource.number("num_cache_nodes", 1))


def replication_group(resource: Resource) -> Quote:
    """`aws_elasticache_replication_group`: hours of every node of every shard."""
    kind = _cache_node(resource)
    if resource.values.get("num_cache_clusters") is not None:
        nodes = resource.number("num_cache_clusters")
    else:
        replicas = resource.number("replicas_per_node_group", 0)
        nodes = resource.number("num_node_groups", 1) * (1 + replicas)
    return resource.monthly(f"elasticache.{kind}", nodes).noting("without backups")


def table(resource: Resource) -> Quote:
    """`aws_dynamodb_table`: provisioned capacity of the table and its indexes, or by request."""
    if resource.text("billing_mode", "PROVISIONED") == "PAY_PER_REQUEST":
        return Quote(Pricing.USAGE, None, ("by request and stored GB (on demand)",))
    if resource.values.get("replica"):
        raise UnknownPriceError("replicas in other regions are not in the price book")
    quote = nothing()
    for part in (resource, *resource.blocks("global_secondary_index")):
        quote += part.monthly("dynamodb.read_unit", part.number("read_capacity"))
        quote += part.monthly("dynamodb.write_unit", part.number("write_capacity"))
    return quote.noting("without storage, backups and autoscaling above these units")


def search(resource: Resource) -> Quote:
    """`aws_opensearch_domain` and its older name: nodes, masters, warm nodes and disks."""
    clusters = resource.blocks("cluster_config")
    if not clusters:
        raise UnknownPriceError("cluster_config is not set")
    cluster = clusters[0]
    count = cluster.number("instance_count", 1)
    quote = _search_nodes(cluster, "instance_type", count)
    if cluster.values.get("dedicated_master_enabled"):
        masters = cluster.number("dedicated_master_count")
        quote += _search_nodes(cluster, "dedicated_master_type", masters)
    if cluster.values.get("warm_enabled"):
        quote += _search_nodes(cluster, "warm_type", cluster.number("warm_count"))
    for disk in resource.blocks("ebs_options"):
        if disk.values.get("ebs_enabled"):
            key = f"opensearch.storage.{disk.text('volume_type', 'gp2')}"
            quote += disk.monthly(key, disk.number("volume_size") * count)
    return quote


def _search_nodes(cluster: Resource, name: str, count: Decimal) -> Quote:
    kind = cluster.text(name).rsplit(".", 1)[0]
    return cluster.monthly(f"opensearch.{kind}", count)


def warehouse(resource: Resource) -> Quote:
    """`aws_redshift_cluster`: hours of its nodes."""
    key = f"redshift.{resource.text('node_type')}"
    nodes = resource.number("number_of_nodes", 1)
    return resource.monthly(key, nodes).noting("without managed storage, Spectrum and backups")


def kafka(resource: Resource) -> Quote:
    """`aws_msk_cluster`: brokers and their disks."""
    brokers = resource.number("number_of_broker_nodes")
    groups = resource.blocks("broker_node_group_info")
    if not groups:
        raise UnknownPriceError("broker_node_group_info is not set")
    kind = groups[0].text("instance_type").removeprefix("kafka.")
    quote = resource.monthly(f"msk.{kind}", brokers)
    disks = [
        disk
        for storage in groups[0].blocks("storage_info")
        for disk in storage.blocks("ebs_storage_info")
    ]
    if not disks:
        return quote.noting("the disks' size is not in the plan and not counted")
    for disk in disks:
        quote += disk.monthly("msk.storage", disk.number("volume_size") * brokers)
    return quote
