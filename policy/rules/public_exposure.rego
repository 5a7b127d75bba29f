# Nothing is opened to everyone, but for ports 80 and 443.
package lockgate.public_exposure

import data.lockgate.lib.stores

everyone := {"0.0.0.0/0", "::/0"}

web_ports := {80, 443}

public_acls := {"public-read", "public-read-write", "authenticated-read", "website"}

group_grantees := {
	"http://acs.amazonaws.com/groups/global/AllUsers",
	"http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
}

block_settings := {
	"block_public_acls",
	"block_public_policy",
	"ignore_public_acls",
	"restrict_public_buckets",
}

findings contains finding if {
	some change in stores.written
	some exposure in exposures(change)
	finding := {
		"rule": "public_exposure",
		"severity": "block",
		"address": change.address,
		"message": exposure,
		"remedy": "Name the networks or principals that need it, or ask the owner for a waiver.",
	}
}

exposures(change) := {text |
	some text in array.concat(network_exposures(change), access_exposures(change))
}

network_exposures(change) := [text |
	some rule in ingress_rules(change)
	some range in ranges(rule)
	range in everyone
	not web_only(rule)
	text := sprintf("lets %s reach %s", [range, ports(rule)])
]

access_exposures(change) := array.concat(
	array.concat(acl_exposures(change), policy_exposures(change)),
	array.concat(endpoint_exposures(change), block_exposures(change)),
)

ingress_rules(change) := object.get(change.change.after, "ingress", []) if {
	change.type in {"aws_security_group", "aws_default_security_group"}
	is_array(object.get(change.change.after, "ingress", []))
} else := [change.change.after] if {
	change.type == "aws_security_group_rule"
	change.change.after.type == "ingress"
} else := [change.change.after] if {
	change.type == "aws_vpc_security_group_ingress_rule"
} else := []

ranges(rule) := {range |
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	list := object.get(rule, key, [])
	is_array(list)
	some range in list
} | {range |
	some key in ["cidr_ipv4", "cidr_ipv6"]
	range := object.get(rule, key, null)
	is_string(range)
}

protocol(rule) := object.get(rule, "protocol", object.get(rule, "ip_protocol", "-1"))

web_only(rule) if {
	protocol(rule) in {"tcp", "6"}
	rule.from_port == rule.to_port
	rule.from_port in web_ports
}

ports(rule) := sprintf("port %v (%s)", [rule.from_port, protocol(rule)]) if {
	is_number(rule.from_port)
	rule.from_port == rule.to_port
	protocol(rule) != "-1"
} else := sprintf("ports %v-%v (%s)", [rule.from_port, rule.to_port, protocol(rule)]) if {
	is_number(rule.from_port)
	is_number(rule.to_port)
	protocol(rule) != "-1"
} else := "every port"

acl_exposures(change) := [text |
	change.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	some text in grants(change.change.after)
]

grants(after) := {sprintf("gives the bucket the ACL `%s`", [after.acl]) | after.acl in public_acls} | {text |
	[_, value] := walk(object.get(after, "access_control_policy", []))
	value in group_grantees
	text := "grants a public group access to the bucket"
}

policy_exposures(change) := [text |
	some statement in public_statements(change)
	text := sprintf("its policy lets everyone %s", [concat(", ", actions(statement))])
]

public_statements(change) := [statement |
	change.type in {
		"aws_ecr_repository_policy", "aws_kms_key", "aws_kms_key_policy", "aws_lambda_permission",
		"aws_s3_bucket", "aws_s3_bucket_policy", "aws_secretsmanager_secret_policy",
		"aws_sns_topic", "aws_sns_topic_policy", "aws_sqs_queue", "aws_sqs_queue_policy",
	}
	text := object.get(change.change.after, "policy", null)
	is_string(text)
	json.is_valid(text)
	some statement in as_array(object.get(json.unmarshal(text), "Statement", []))
	statement.Effect == "Allow"
	not narrowed(statement)
	anyone(object.get(statement, "Principal", null))
]

# A condition may narrow a public principal; Checkov and the reviewer judge the condition itself.
narrowed(statement) if count(object.get(statement, "Condition", {})) > 0

anyone("*")

anyone(principal) if {
	is_object(principal)
	some value in as_array(object.get(principal, "AWS", []))
	value == "*"
}

actions(statement) := [action | some action in as_array(object.get(statement, "Action", "do anything but NotAction"))]

as_array(value) := value if is_array(value)

as_array(value) := [value] if not is_array(value)

endpoint_exposures(change) := [text |
	object.get(change.change.after, "publicly_accessible", false) == true
	text := "gives the data store an address on the internet"
]

block_exposures(change) := [text |
	change.type in {"aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"}
	some setting in block_settings
	object.get(change.change.after, setting, null) == false
	text := sprintf("switches `%s` off", [setting])
]
