"""The header `Idempotency-Key`: one request, sent twice, is done once."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of the caller's, the same for every attempt at one request: a "
        "second attempt gets the answer of the first. Another request under it is refused.",
    ),
]
