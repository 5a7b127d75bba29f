# Deleting or replacing a data store destroys what it holds; that needs a waiver.
package lockgate.data_store_deletion

import data.lockgate.lib.stores

findings contains finding if {
	some change in input.resource_changes
	change.mode == "managed"
	change.type in stores.data_stores
	"delete" in change.change.actions
	finding := {
		"rule": "data_store_deletion",
		"severity": "block",
		"address": change.address,
		"message": sprintf("would %s a data store; its data does not come back", [verb(change)]),
		"remedy": "Keep the resource (a `moved` block renames it), or ask its owner for a waiver.",
	}
}

verb(change) := "replace" if "create" in change.change.actions

verb(change) := "delete" if not "create" in change.change.actions
