"""The JSON API under `/api/v1`: what a person does on GitHub, through the same gates."""
