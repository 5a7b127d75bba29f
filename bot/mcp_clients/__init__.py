"""Lockgate as a client of MCP servers: which there are, their sessions, and what may be called."""
