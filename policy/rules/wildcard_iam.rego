# No policy allows every action, or actions that change things on every resource.
package lockgate.wildcard_iam

import data.lockgate.lib.stores

policy_types := {
	"aws_iam_group_policy",
	"aws_iam_policy",
	"aws_iam_role_policy",
	"aws_iam_user_policy",
	"aws_ssoadmin_permission_set_inline_policy",
}

administrator := "arn:aws:iam::aws:policy/AdministratorAccess"

findings contains finding if {
	some change in stores.written
	some grant in array.concat(wildcard_grants(change), administrator_grants(change))
	finding := {
		"rule": "wildcard_iam",
		"severity": grant.severity,
		"address": change.address,
		"message": grant.message,
		"remedy": "List the actions and the ARNs that the workload needs.",
	}
}

wildcard_grants(change) := [grant |
	some statement in statements(change)
	statement.Effect == "Allow"
	grant := judged(statement)
]

judged(statement) := {"severity": "block", "message": "allows every action (`*`)"} if {
	"*" in as_array(object.get(statement, "Action", []))
} else := {"severity": "block", "message": "allows all but a list of actions (`NotAction`)"} if {
	statement.NotAction
} else := {"severity": "block", "message": sprintf("allows `%s` on every resource", [action])} if {
	"*" in as_array(object.get(statement, "Resource", []))
	whole := [action | some action in as_array(object.get(statement, "Action", [])); endswith(action, ":*")]
	action := whole[0]
} else := {"severity": "warn", "message": "names every resource (`*`)"} if {
	"*" in as_array(object.get(statement, "Resource", []))
	count(object.get(statement, "Condition", {})) == 0
}

statements(change) := [statement |
	change.type in policy_types
	some key in ["policy", "inline_policy"]
	text := object.get(change.change.after, key, null)
	is_string(text)
	json.is_valid(text)
	some statement in as_array(object.get(json.unmarshal(text), "Statement", []))
]

administrator_grants(change) := [grant |
	[_, value] := walk(object.filter(change.change.after, ["policy_arn", "managed_policy_arns", "managed_policy_arn"]))
	value == administrator
	grant := {"severity": "block", "message": "attaches AdministratorAccess"}
]

as_array(value) := value if is_array(value)

as_array(value) := [value] if not is_array(value)
