# Everything that can be tagged says who owns it and where it belongs.
package lockgate.required_tags

import data.lockgate.lib.stores

default required := ["owner", "environment"]

required := data.settings.required_tags

findings contains finding if {
	some change in stores.written
	taggable(change)
	missing := [tag | some tag in required; not present(change, tag)]
	count(missing) > 0
	finding := {
		"rule": "required_tags",
		"severity": "warn",
		"address": change.address,
		"message": sprintf("has no tag %s", [concat(", ", [sprintf("`%s`", [tag]) | some tag in missing])]),
		"remedy": "Add the tags to the resource, or to `default_tags` of the provider.",
	}
}

# `tags_all` is in the schema of every taggable AWS resource, and of nothing else.
taggable(change) if object.union(change.change.after, object.get(change.change, "after_unknown", {})).tags_all

present(change, tag) if tag_of(change, "tags_all", tag)

present(change, tag) if tag_of(change, "tags", tag)

# A tag whose value is known only after the apply is there.
tag_of(change, key, tag) if {
	tags := change.change.after[key]
	is_object(tags)
	not object.get(tags, tag, "") in {"", null}
}

tag_of(change, key, tag) if change.change.after_unknown[key][tag] == true
