# Data stores encrypt what they hold; unknown until the apply is not a finding, absent or false is.
package lockgate.encryption_at_rest

import data.lockgate.lib.stores

# The attribute, block and value that switch encryption on, by resource type. S3 and SQS encrypt by
# default and are judged only when someone switches that off.
switches := {
	"aws_db_instance": ["storage_encrypted"],
	"aws_docdb_cluster": ["storage_encrypted"],
	"aws_ebs_volume": ["encrypted"],
	"aws_efs_file_system": ["encrypted"],
	"aws_elasticache_replication_group": ["at_rest_encryption_enabled"],
	"aws_elasticsearch_domain": ["encrypt_at_rest", 0, "enabled"],
	"aws_neptune_cluster": ["storage_encrypted"],
	"aws_opensearch_domain": ["encrypt_at_rest", 0, "enabled"],
	"aws_rds_cluster": ["storage_encrypted"],
	"aws_redshift_cluster": ["encrypted"],
}

findings contains finding if {
	some change in stores.written
	reason := unencrypted(change)
	finding := {
		"rule": "encryption_at_rest",
		"severity": "block",
		"address": change.address,
		"message": reason,
		"remedy": "Switch encryption on now: most stores must be replaced to switch it on later.",
	}
}

unencrypted(change) := sprintf("does not set `%s`, so its data is stored in the clear", [name]) if {
	path := switches[change.type]
	value := object.get(change.change.after, path, null)
	not on(value)
	not unknown(change, path)
	name := concat(".", [part | some part in path; is_string(part)])
} else := "has a queue that stores messages in the clear" if {
	change.type == "aws_sqs_queue"
	change.change.after.sqs_managed_sse_enabled == false
	object.get(change.change.after, "kms_master_key_id", null) in {null, ""}
	not unknown(change, ["kms_master_key_id"])
} else := "keeps the stream's records in the clear" if {
	change.type == "aws_kinesis_stream"
	object.get(change.change.after, "encryption_type", "NONE") in {null, "NONE"}
}

on(true)

on("true")

unknown(change, path) if {
	some length in numbers.range(1, count(path))
	object.get(object.get(change.change, "after_unknown", {}), array.slice(path, 0, length), false) == true
}
