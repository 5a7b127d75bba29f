package lockgate.encryption_at_rest_test

import data.lockgate.encryption_at_rest

plan(type, after, unknown) := {"resource_changes": [{
	"address": "x.y",
	"mode": "managed",
	"type": type,
	"change": {"actions": ["create"], "after": after, "after_unknown": unknown},
}]}

found(type, after, unknown) := size if {
	size := count(encryption_at_rest.findings) with input as plan(type, after, unknown)
}

test_an_unencrypted_database_is_found if {
	found("aws_db_instance", {"storage_encrypted": false}, {}) == 1
	found("aws_db_instance", {"storage_encrypted": null}, {}) == 1
	found("aws_db_instance", {}, {}) == 1
}

test_an_encrypted_database_is_fine if {
	found("aws_db_instance", {"storage_encrypted": true}, {}) == 0
}

test_unknown_until_the_apply_is_fine if {
	found("aws_db_instance", {}, {"storage_encrypted": true}) == 0
	found("aws_opensearch_domain", {"encrypt_at_rest": []}, {"encrypt_at_rest": true}) == 0
}

test_a_block_is_looked_into if {
	found("aws_opensearch_domain", {"encrypt_at_rest": [{"enabled": true}]}, {}) == 0
	found("aws_opensearch_domain", {"encrypt_at_rest": []}, {}) == 1
}

test_redshift_says_it_with_a_string if {
	found("aws_redshift_cluster", {"encrypted": "true"}, {}) == 0
}

test_a_queue_with_encryption_switched_off_is_found if {
	found("aws_sqs_queue", {"sqs_managed_sse_enabled": false, "kms_master_key_id": null}, {}) == 1
	found("aws_sqs_queue", {"sqs_managed_sse_enabled": false, "kms_master_key_id": "alias/k"}, {}) == 0
	found("aws_sqs_queue", {}, {}) == 0
}
