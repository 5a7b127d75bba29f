"""The processes and every adapter: web, worker, store, queue, GitHub, MCP client, command line."""
