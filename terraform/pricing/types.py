"""Every resource type that the price book covers: by the hour or month, by use, or free."""

from collections.abc import Callable, Mapping

from terraform.pricing import compute, databases, services
from terraform.pricing.resource import Quote, Resource

FIXED: Mapping[str, Callable[[Resource], Quote]] = {
    "aws_alb": services.load_balancer,
    "aws_autoscaling_group": compute.group,
    "aws_cloudwatch_metric_alarm": services.alarm,
    "aws_db_instance": databases.database,
    "aws_docdb_cluster_instance": databases.document,
    "aws_dynamodb_table": databases.table,
    "aws_ebs_volume": compute.volume,
    "aws_ec2_transit_gateway_vpc_attachment": services.flat(
        "transit_gateway.attachment", "without data processed"
    ),
    "aws_ecs_service": compute.service,
    "aws_eip": services.flat("ipv4.address"),
    "aws_eks_cluster": services.flat(
        "eks.cluster", "standard support; extended support costs more"
    ),
    "aws_eks_node_group": compute.node_group,
    "aws_elasticache_cluster": databases.cache,
    "aws_elasticache_replication_group": databases.replication_group,
    "aws_elasticsearch_domain": databases.search,
    "aws_elb": services.flat("lb.classic", "without data processed"),
    "aws_instance": compute.instance,
    "aws_kms_key": services.flat("kms.key", "without requests and rotated versions"),
    "aws_lb": services.load_balancer,
    "aws_msk_cluster": databases.kafka,
    "aws_nat_gateway": services.nat_gateway,
    "aws_opensearch_domain": databases.search,
    "aws_rds_cluster_instance": databases.aurora,
    "aws_redshift_cluster": databases.warehouse,
    "aws_route53_zone": services.flat("route53.zone", "without queries; the first 25 zones' price"),
    "aws_secretsmanager_secret": services.flat("secrets.secret", "without API calls"),
    "aws_vpc_endpoint": services.endpoint,
    "aws_vpn_connection": services.vpn,
}

# What each is paid by; a monthly figure would be a guess at how much it is used.
USAGE: Mapping[str, str] = {
    "aws_api_gateway_rest_api": "by request",
    "aws_apigatewayv2_api": "by request or message",
    "aws_athena_workgroup": "by data scanned",
    "aws_cloudfront_distribution": "by request and transfer",
    "aws_cloudtrail": "by event beyond the first trail, and stored logs",
    "aws_cloudwatch_event_bus": "by event",
    "aws_cloudwatch_log_group": "by GB ingested and stored",
    "aws_codebuild_project": "by build minute",
    "aws_ebs_snapshot": "by GB stored",
    "aws_ecr_repository": "by GB stored and transferred",
    "aws_efs_file_system": "by GB stored and throughput",
    "aws_glue_job": "by DPU hour",
    "aws_kinesis_firehose_delivery_stream": "by GB ingested",
    "aws_lambda_function": "by request and GB-second",
    "aws_rds_cluster": "by GB stored, I/O and, if serverless, capacity units",
    "aws_s3_bucket": "by GB stored, request and transfer",
    "aws_sfn_state_machine": "by state transition or duration",
    "aws_sns_topic": "by publish and delivery",
    "aws_sqs_queue": "by request",
}

_FREE = """
aws_appautoscaling_policy aws_appautoscaling_target aws_cloudwatch_event_rule
aws_cloudwatch_event_target aws_cloudwatch_log_resource_policy
aws_cloudwatch_log_subscription_filter aws_cloudwatch_log_metric_filter
aws_customer_gateway aws_db_option_group aws_db_parameter_group
aws_db_subnet_group aws_default_network_acl aws_default_route_table aws_default_security_group
aws_docdb_cluster_parameter_group aws_docdb_subnet_group aws_ecr_lifecycle_policy
aws_ecr_repository_policy aws_ecs_cluster aws_ecs_task_definition aws_efs_access_point
aws_efs_mount_target aws_eip_association aws_eks_access_entry aws_elasticache_parameter_group
aws_elasticache_subnet_group aws_iam_access_key aws_iam_group aws_iam_group_policy
aws_iam_group_policy_attachment aws_iam_instance_profile aws_iam_openid_connect_provider
aws_iam_policy aws_iam_role aws_iam_role_policy aws_iam_role_policy_attachment
aws_iam_role_policy_attachments_exclusive aws_iam_role_policies_exclusive
aws_iam_service_linked_role aws_iam_user aws_iam_user_policy aws_iam_user_policy_attachment
aws_internet_gateway aws_key_pair aws_kms_alias aws_kms_grant aws_kms_key_policy
aws_lambda_alias aws_lambda_event_source_mapping aws_lambda_function_event_invoke_config
aws_lambda_permission aws_launch_configuration aws_launch_template aws_lb_listener
aws_lb_listener_rule aws_lb_target_group aws_lb_target_group_attachment aws_network_acl
aws_network_acl_rule aws_network_interface aws_placement_group aws_rds_cluster_parameter_group
aws_redshift_subnet_group aws_route aws_route53_record aws_route_table
aws_route_table_association aws_s3_bucket_acl aws_s3_bucket_cors_configuration
aws_s3_bucket_lifecycle_configuration aws_s3_bucket_logging aws_s3_bucket_notification
aws_s3_bucket_object_lock_configuration aws_s3_bucket_ownership_controls aws_s3_bucket_policy
aws_s3_bucket_public_access_block aws_s3_bucket_server_side_encryption_configuration
aws_s3_bucket_versioning aws_s3_bucket_website_configuration aws_secretsmanager_secret_policy
aws_secretsmanager_secret_version aws_security_group aws_security_group_rule
aws_sns_topic_policy aws_sns_topic_subscription aws_sqs_queue_policy
aws_sqs_queue_redrive_allow_policy aws_sqs_queue_redrive_policy aws_subnet aws_volume_attachment
aws_vpc aws_vpc_dhcp_options aws_vpc_security_group_egress_rule
aws_vpc_security_group_ingress_rule aws_vpn_gateway aws_ec2_transit_gateway
aws_ec2_transit_gateway_route_table
"""
FREE_TYPES = frozenset(_FREE.split())

# These providers make nothing that anyone is billed for.
FREE_PREFIXES = ("terraform_data", "null_", "random_", "time_", "tls_", "local_")
