package lockgate.required_tags_test

import data.lockgate.required_tags

plan(after, unknown) := {"resource_changes": [{
	"address": "x.y",
	"mode": "managed",
	"type": "aws_sqs_queue",
	"change": {"actions": ["create"], "after": after, "after_unknown": unknown},
}]}

messages(after, unknown) := {finding.message |
	some finding in required_tags.findings with input as plan(after, unknown)
}

test_missing_tags_are_named if {
	messages({"tags": {"owner": "a"}, "tags_all": {"owner": "a"}}, {}) == {"has no tag `environment`"}
}

test_no_tags_at_all_is_found if {
	messages({"tags": null}, {"tags_all": true}) == {"has no tag `owner`, `environment`"}
}

test_default_tags_count if {
	messages({"tags": null, "tags_all": {"owner": "a", "environment": "b"}}, {}) == set()
}

test_an_empty_tag_is_no_tag if {
	messages({"tags_all": {"owner": "", "environment": "b"}}, {}) == {"has no tag `owner`"}
}

test_a_tag_known_after_the_apply_counts if {
	messages({"tags": {"environment": "b"}}, {"tags": {"owner": true}, "tags_all": {"owner": true}}) == set()
}

test_what_cannot_be_tagged_is_fine if {
	messages({"acl": "private"}, {"id": true}) == set()
}

test_the_operator_chooses_the_tags if {
	found := required_tags.findings with input as plan({"tags_all": {"owner": "a"}}, {})
		with data.settings.required_tags as ["owner"]
	count(found) == 0
}
