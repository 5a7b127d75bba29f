package lockgate.data_store_deletion_test

import data.lockgate.data_store_deletion

plan(type, actions) := {"resource_changes": [{
	"address": "x.y",
	"mode": "managed",
	"type": type,
	"change": {"actions": actions},
}]}

test_deleting_a_bucket_is_found if {
	some finding in data_store_deletion.findings with input as plan("aws_s3_bucket", ["delete"])
	finding.severity == "block"
	startswith(finding.message, "would delete")
}

test_replacing_a_database_is_found_in_either_order if {
	some order in [["delete", "create"], ["create", "delete"]]
	some finding in data_store_deletion.findings with input as plan("aws_db_instance", order)
	startswith(finding.message, "would replace")
}

test_deleting_a_role_is_fine if {
	count(data_store_deletion.findings) == 0 with input as plan("aws_iam_role", ["delete"])
}

test_forgetting_and_updating_are_fine if {
	every actions in [["forget"], ["update"], ["create"], ["no-op"]] {
		count(data_store_deletion.findings) == 0 with input as plan("aws_s3_bucket", actions)
	}
}
