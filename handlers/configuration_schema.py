"""The JSON Schema of `.github/lockgate.yml`, for editors; `python -m` writes it.

python -m handlers.configuration_schema docs/lockgate.schema.json
"""

import json
import sys
from pathlib import Path

from handlers.configuration_model import FileSection


def schema_text() -> str:
    """The schema as the published file holds it, with a line break at its end."""
    schema = FileSection.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Lockgate repository configuration"
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
