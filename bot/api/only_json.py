"""A body that is not called JSON is refused: read as something else, it would be found wanting."""

from fastapi import Request

from bot.api.problems import ProblemError


async def only_json(request: Request) -> None:
    """A dependency of the whole application; raises ProblemError for another media type."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return
    sent = f"`{media_type}`" if media_type else "nothing"
    raise ProblemError(
        415,
        "media-type",
        "Not sent as JSON",
        f"The body is called {sent}. Send JSON, with `Content-Type: application/json`.",
        headers={"Accept": "application/json"},
    )
