package lockgate.wildcard_iam_test

import data.lockgate.wildcard_iam

plan(statement) := {"resource_changes": [{
	"address": "x.y",
	"mode": "managed",
	"type": "aws_iam_policy",
	"change": {"actions": ["create"], "after": {"policy": json.marshal({"Statement": statement})}},
}]}

severities(statement) := {finding.severity |
	some finding in wildcard_iam.findings with input as plan(statement)
}

test_every_action_blocks if {
	severities([{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::a"}]) == {"block"}
}

test_a_lone_statement_is_read_too if {
	severities({"Effect": "Allow", "Action": ["*"], "Resource": "*"}) == {"block"}
}

test_all_but_a_list_blocks if {
	severities([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]) == {"block"}
}

test_a_whole_service_on_every_resource_blocks if {
	severities([{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]) == {"block"}
}

test_one_action_on_every_resource_warns if {
	severities([{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]) == {"warn"}
}

test_denying_everything_is_fine if {
	severities([{"Effect": "Deny", "Action": "*", "Resource": "*"}]) == set()
}

test_named_resources_are_fine if {
	severities([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}]) == set()
}

test_attaching_administrator_access_blocks if {
	change := {
		"address": "x.y",
		"mode": "managed",
		"type": "aws_iam_role_policy_attachment",
		"change": {"actions": ["create"], "after": {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
	}
	count(wildcard_iam.findings) == 1 with input as {"resource_changes": [change]}
}
