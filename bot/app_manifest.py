"""The GitHub App that this version needs: `app.yml`, read and checked.

Registering an App sends it to GitHub; the doctor compares what was registered with it.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

MANIFEST = Path(__file__).parents[1] / "app.yml"


class ManifestError(Exception):
    """`app.yml` is missing or can't be used; the message says what to do."""


class AppManifest(BaseModel):
    """What the App is called, what it may do and what it hears of."""

    model_config = ConfigDict(frozen=True)

    name: str
    public: bool
    default_permissions: dict[str, str]
    default_events: tuple[str, ...]

    def registration(self, *, name: str, url: str, redirect_url: str) -> Mapping[str, object]:
        """The manifest as GitHub takes it, for a Lockgate that is reached at `url`."""
        return {
            "name": name,
            "url": url,
            "public": self.public,
            "redirect_url": redirect_url,
            "hook_attributes": {"url": f"{url}/webhook", "active": True},
            "default_permissions": self.default_permissions,
            "default_events": list(self.default_events),
        }


def read_manifest(path: Path = MANIFEST) -> AppManifest:
    """The manifest in this file; raises ManifestError."""
    try:
        return AppManifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise ManifestError(f"{path} can't be read: put Lockgate's own app.yml there.") from exc
    except (yaml.YAMLError, ValidationError) as exc:
        raise ManifestError(f"{path} is no App manifest: put Lockgate's own there.") from exc
