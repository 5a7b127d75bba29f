"""Registers a GitHub App for this Lockgate: GitHub's App manifest flow, from the command line."""
