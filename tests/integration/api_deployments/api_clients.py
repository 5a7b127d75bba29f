"""Clients of the API with keys of their own."""

from collections.abc import Callable

import httpx

Client = Callable[..., httpx.Client]
