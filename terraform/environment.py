"""Builds the whole environment of a Terraform command."""

from collections.abc import Mapping
from pathlib import Path

from terraform.errors import UnsafeArgumentError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OWN_PREFIXES = ("TF_VAR_", "TF_TOKEN_")
RESERVED = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "CHECKPOINT_DISABLE"})
RESERVED_PREFIXES = ("TF_", "LD_", "PYTHON")


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
