"""A GitHub on loopback for the demo and the tests: REST, git over HTTP, webhooks and pages."""
