"""Where this machine keeps Terraform providers, and the CLI configuration that uses them.

Reads folder names only; nothing is downloaded and no program is run.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MIRROR_VARIABLE = "LOCKGATE_PROVIDER_MIRROR"
PROVIDER_FILE_PREFIX = "terraform-provider-aws_"

# A mirror is host/namespace/type/version/platform/file; deeper folders hold something else.
SEARCH_DEPTH = 9


def usual_roots(home: Path) -> tuple[Path, ...]:
    """Name the folders where people and packages put providers, the most particular first."""
    return (
        home / ".terraform.d",
        home / ".local/share/terraform",
        Path("/usr/local/share/terraform"),
        Path("/usr/share/terraform"),
        Path("/opt"),
        Path("/usr/local/share"),
        Path("/usr/share"),
    )


def find_mirror(environ: Mapping[str, str], roots: Iterable[Path]) -> Path | None:
    """Find the folder to name as `filesystem_mirror`; None when no AWS provider is found.

    `LOCKGATE_PROVIDER_MIRROR` wins without a search, whatever providers it holds. Raises
    NotADirectoryError when it names no folder: an operator's choice is never replaced in silence.
    """
    if named := environ.get(MIRROR_VARIABLE):
        if not Path(named).is_dir():
            raise NotADirectoryError(f"{MIRROR_VARIABLE} names {named}, which is not a folder")
        return Path(named).absolute()
    found = (mirror for root in roots for mirror in _mirrors_below(root))
    return next(found, None)


def cli_configuration(mirror: Path | None) -> str:
    """Write a Terraform CLI configuration: `mirror` for what it holds, else the registry.

    Without a mirror everything comes from the registry. Terraform's own implied search of the
    user's and the system's folders is replaced either way.
    """
    if mirror is None:
        return "disable_checkpoint = true\n\nprovider_installation {\n  direct {}\n}\n"
    held = json.dumps(providers_in(mirror))
    return f"""disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = {json.dumps(str(mirror), ensure_ascii=False)}
    include = {held}
  }}
  direct {{
    exclude = {held}
  }}
}}
"""


def providers_in(mirror: Path) -> tuple[str, ...]:
    """List the provider addresses (`host/namespace/type`) a mirror holds, sorted."""
    # A host has a dot; this keeps a stray folder from becoming an address.
    folders = (path for path in mirror.glob("*.*/*/*") if path.is_dir())
    return tuple(sorted(path.relative_to(mirror).as_posix() for path in folders))


def _mirrors_below(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(names) if len(here.relative_to(root).parts) < SEARCH_DEPTH else []
        for file in sorted(files):
            if file.startswith(PROVIDER_FILE_PREFIX) and (mirror := _mirror_of(here / file)):
                yield mirror


def _mirror_of(file: Path) -> Path | None:
    """Give the mirror a provider file belongs to, unpacked or as an archive, else None."""
    levels = 3 if file.suffix == ".zip" else 5
    if len(file.parents) <= levels:
        return None
    mirror = file.parents[levels]
    address = file.relative_to(mirror).parts[1:3]
    return mirror if address == ("hashicorp", "aws") else None
