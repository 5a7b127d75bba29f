"""The exchange of a manifest's code for the keys of the app that was made from it."""

from fastapi.responses import JSONResponse, Response

from hub.payloads import accounts
from hub.routes.access import HubRouter
from hub.routes.control import Operator

router = HubRouter()


@router.post("/app-manifests/{code}/conversions")
def convert_manifest(at: Operator, code: str) -> Response:
    """Hand out the app with its keys; the code is all the caller has to show."""
    made = at.hub.manifests.convert(code)
    keys = {
        "client_id": f"Iv1.{made.app.id}",
        "client_secret": made.client_secret,
        "webhook_secret": made.app.webhook_secret,
        "pem": made.private_key_pem,
    }
    return JSONResponse(accounts.app(at.hub.core, made.app) | keys, 201)
