package lockgate.public_exposure_test

import data.lockgate.public_exposure

plan(type, after) := {"resource_changes": [{
	"address": "x.y",
	"mode": "managed",
	"type": type,
	"change": {"actions": ["create"], "after": after},
}]}

open_rule(from, to) := {
	"protocol": "tcp",
	"from_port": from,
	"to_port": to,
	"cidr_blocks": ["0.0.0.0/0"],
	"ipv6_cidr_blocks": [],
}

policy(statement) := {"policy": json.marshal({"Statement": [statement]})}

test_ssh_open_to_everyone_is_found if {
	count(public_exposure.findings) == 1 with input as plan("aws_security_group", {"ingress": [open_rule(22, 22)]})
}

test_web_ports_are_fine if {
	count(public_exposure.findings) == 0 with input as plan("aws_security_group", {"ingress": [open_rule(443, 443), open_rule(80, 80)]})
}

test_a_range_around_a_web_port_is_found if {
	count(public_exposure.findings) == 1 with input as plan("aws_security_group", {"ingress": [open_rule(0, 65535)]})
}

test_every_protocol_is_found if {
	rule := {"ip_protocol": "-1", "cidr_ipv6": "::/0", "cidr_ipv4": null}
	some finding in public_exposure.findings with input as plan("aws_vpc_security_group_ingress_rule", rule)
	finding.message == "lets ::/0 reach every port"
}

test_egress_is_fine if {
	rule := object.union(open_rule(0, 65535), {"type": "egress"})
	count(public_exposure.findings) == 0 with input as plan("aws_security_group_rule", rule)
}

test_public_acl_is_found if {
	count(public_exposure.findings) == 1 with input as plan("aws_s3_bucket_acl", {"acl": "public-read-write"})
}

test_private_acl_is_fine if {
	count(public_exposure.findings) == 0 with input as plan("aws_s3_bucket_acl", {"acl": "private"})
}

test_public_principal_is_found_in_every_spelling if {
	every principal in ["*", {"AWS": "*"}, {"AWS": ["*"]}] {
		statement := {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
		count(public_exposure.findings) == 1 with input as plan("aws_s3_bucket_policy", policy(statement))
	}
}

test_denying_everyone_is_fine if {
	statement := {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
	count(public_exposure.findings) == 0 with input as plan("aws_s3_bucket_policy", policy(statement))
}

test_public_database_is_found if {
	count(public_exposure.findings) == 1 with input as plan("aws_db_instance", {"publicly_accessible": true})
}

test_switching_the_public_access_block_off_is_found if {
	count(public_exposure.findings) == 1 with input as plan("aws_s3_bucket_public_access_block", {"block_public_acls": false})
}
