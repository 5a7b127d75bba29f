"""Cursors: where a page of a list ended, as text that nobody needs to read."""

import base64
import binascii
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from bot.api.models import Id
from bot.api.problems import FieldProblem, ProblemError

PLACE: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[AwareDatetime, Id])


def cursor_after(at: datetime, id_: str) -> str:
    """The cursor behind the item of this time and id."""
    return base64.urlsafe_b64encode(PLACE.dump_json((at, id_))).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Time and id of the last item of a page; raises ProblemError for what is no cursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return PLACE.validate_json(text)
    except (binascii.Error, ValueError, ValidationError) as exc:
        raise ProblemError(
            422,
            "invalid",
            "The request is not valid",
            "The cursor is none that this list gave. Leave it out to begin at the start.",
            (FieldProblem(pointer="/query/cursor", detail="is no cursor of this list"),),
        ) from exc
