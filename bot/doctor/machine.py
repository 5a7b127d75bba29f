"""Checks of this machine: the data folder, the files with the cloud's keys, git."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bot.credentials import Phase, others_may_read, read_variables
from bot.doctor.results import Result, failed, off, ok, unknown, warning
from bot.settings import Settings

# Mirrors, providers and work areas of a few repositories; one AWS provider alone is 700 MB.
LEAST_FREE_BYTES = 5 * 1024**3
OTHERS_MAY_READ = 0o077
GIT_SECONDS = 10


def settings_shape(settings: Settings) -> Iterator[Result]:
    """What is allowed and seldom meant."""
    if settings.database_url is not None and not settings.sealing_keys:
        yield warning(
            "Settings",
            "Complete. Each machine makes a sealing key of its own, so others can't open its "
            "plans.",
            "Set LOCKGATE_SEALING_KEYS to one key everywhere: `lockgate sealing-key` makes one.",
        )
        return
    yield ok("Settings", "Complete.")


def data_folder(settings: Settings) -> Iterator[Result]:
    """Whether the folder, or the one it will be made in, can be written and has room."""
    folder = settings.data_folder.absolute()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield failed(
            "Data folder",
            f"{there} can't be written.",
            "Give it to the user Lockgate runs as, or set LOCKGATE_DATA_FOLDER.",
        )
        return
    free = shutil.disk_usage(there).free
    room = f"{folder}, {free / 1024**3:.0f} GiB free"
    if free < LEAST_FREE_BYTES:
        yield warning(
            "Data folder",
            f"{room}.",
            "Make room: providers and checkouts take gigabytes.",
        )
        return
    yield ok("Data folder", f"{room}.")


def cloud_keys(settings: Settings) -> Iterator[Result]:
    """Whether the files that Terraform's keys come from can be read, by nobody else."""
    files = (
        ("Plan keys", settings.plan_environment_file),
        ("Apply keys", settings.apply_environment_file),
    )
    for name, path in files:
        setting = f"LOCKGATE_{name.split()[0].upper()}_ENVIRONMENT_FILE"
        yield _keys(name, path) if path else off(name, f"{setting} is not set.")
    if settings.credentials_folder is not None:
        yield from _environments(settings.credentials_folder)


def _environments(folder: Path) -> Iterator[Result]:
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if not names:
        said = f"{folder} holds no folder of an environment."
        yield warning("Environments", said, "Make one for each `environment` of a project.")
    for name in names:
        for phase in Phase:
            path = folder / name / f"{phase}.env"
            if path.exists():
                yield _keys(f"{phase.capitalize()} keys of {name}", path)


def _keys(name: str, path: Path) -> Result:
    try:
        held = read_variables(path)
        mode = path.stat().st_mode
        used = not others_may_read(path)
    except (OSError, UnicodeDecodeError) as exc:
        said = f"{path} can't be read: {type(exc).__name__}."
        return failed(name, said, "Make it a text file of NAME=value lines that Lockgate may read.")
    if not held:
        return failed(name, f"{path} holds no NAME=value line.", "Write the variables into it.")
    if not used:
        said = f"{path} can be read by every user, so it is not used."
        return failed(name, said, f"chmod 600 {path}")
    if mode & OTHERS_MAY_READ:
        return warning(name, f"{path} can be read by others.", f"chmod 600 {path}")
    return ok(name, f"{len(held)} variables.")


def git() -> Iterator[Result]:
    """Whether git runs."""
    program = shutil.which("git")
    if program is None:
        yield failed("git", "Not found on PATH.", "Install git.")
        return
    try:
        answer = subprocess.run(
            (program, "--version"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        yield unknown("git", f"{program} does not run: {type(exc).__name__}.", "Install it anew.")
        return
    yield ok("git", answer.stdout.strip().removeprefix("git version "))
