"""The refusals of the hub, in the words and the shape GitHub uses."""

from typing import Any

DOCUMENTATION_URL = "https://docs.github.com/rest"


class ApiError(Exception):
    """A refusal with an HTTP status and GitHub's error body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: tuple[dict[str, Any] | str, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body GitHub would send."""
        shape: dict[str, Any] = {
            "message": self.message,
            "documentation_url": DOCUMENTATION_URL,
            "status": str(self.status),
        }
        if self.errors:
            shape["errors"] = list(self.errors)
        return shape


def not_found() -> ApiError:
    """GitHub says the same to "does not exist" and "you may not know that it exists"."""
    return ApiError(404, "Not Found")


def bad_credentials() -> ApiError:
    """Refuse an unknown, expired or malformed credential."""
    return ApiError(401, "Bad credentials")


def forbidden(message: str = "Resource not accessible by integration") -> ApiError:
    """Refuse a known caller without the permission."""
    return ApiError(403, message)


def invalid(resource: str, field: str, message: str, *, code: str = "custom") -> ApiError:
    """Refuse a field of a request body with 422."""
    error = {"resource": resource, "field": field, "code": code, "message": message}
    return ApiError(422, f"Validation Failed: {message}", errors=(error,))


def unprocessable(message: str) -> ApiError:
    """Refuse with 422 in the short form: the errors are sentences."""
    return ApiError(422, "Unprocessable Entity", errors=(message,))
