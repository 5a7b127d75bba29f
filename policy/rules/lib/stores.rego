# What the rules share: which resource types hold data, and which changes leave something behind.
package lockgate.lib.stores

data_stores := {
	"aws_backup_vault",
	"aws_db_instance",
	"aws_docdb_cluster",
	"aws_dynamodb_table",
	"aws_ebs_volume",
	"aws_ecr_repository",
	"aws_efs_file_system",
	"aws_elasticache_cluster",
	"aws_elasticache_replication_group",
	"aws_elasticsearch_domain",
	"aws_fsx_lustre_file_system",
	"aws_fsx_windows_file_system",
	"aws_kinesis_stream",
	"aws_kms_key",
	"aws_memorydb_cluster",
	"aws_msk_cluster",
	"aws_neptune_cluster",
	"aws_opensearch_domain",
	"aws_rds_cluster",
	"aws_redshift_cluster",
	"aws_s3_bucket",
	"aws_secretsmanager_secret",
	"aws_sqs_queue",
	"aws_ssm_parameter",
}

# Managed resources that this plan creates or alters.
written contains change if {
	some change in input.resource_changes
	change.mode == "managed"
	some action in change.change.actions
	action in {"create", "update"}
}
