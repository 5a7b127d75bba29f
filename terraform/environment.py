"""Builds the whole environment of a Terraform command and hides its secrets in what comes back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terraform.errors import UnsafeArgumentError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OWN_PREFIXES = ("TF_VAR_", "TF_TOKEN_")
RESERVED = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "CHECKPOINT_DISABLE"})
RESERVED_PREFIXES = ("TF_", "LD_", "PYTHON")
SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|TF_VAR_", re.IGNORECASE)
# A shorter value would hide ordinary words, and is no secret worth the name.
SHORTEST_SECRET = 8
HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values that must not come back out."""

    values: tuple[str, ...] = ()

    def hide(self, text: str) -> str:
        """Replace every secret value in a text."""
        for value in self.values:
            text = text.replace(value, HIDDEN)
        return text


def secrets_in(environment: Mapping[str, str]) -> Secrets:
    """Pick the secret values of a run's environment by their names, longest first."""
    values = {
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET
    }
    return Secrets(tuple(sorted(values, key=len, reverse=True)))


def command_environment(
    run: Mapping[str, str], *, home: str, configuration: Path, data: Path, workspace: str
) -> dict[str, str]:
    """Join a run's own variables (credentials, say) with those that steer Terraform.

    Raises UnsafeArgumentError when the run's variables would steer Terraform or the loader.
    """
    for name in run:
        _check_name(name)
    return {
        **run,
        "PATH": PATH,
        "HOME": home,
        "LANG": "C.UTF-8",
        "CHECKPOINT_DISABLE": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_DATA_DIR": str(data),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_REGISTRY_DISCOVERY_RETRY": "0",
        "TF_WORKSPACE": workspace,
    }


def _check_name(name: str) -> None:
    if name.startswith(OWN_PREFIXES):
        return
    if name in RESERVED or name.startswith(RESERVED_PREFIXES):
        raise UnsafeArgumentError(
            f"The variable {name} cannot be given to Terraform: Lockgate sets what steers it."
            " Remove it from the project's environment."
        )
