"""How each AWS resource type is priced: pure functions from a resource to a quote."""
