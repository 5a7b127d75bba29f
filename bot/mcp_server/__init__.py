"""Lockgate for assistants: an MCP server that calls the API with the key of its caller."""
