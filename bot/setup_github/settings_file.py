"""The file that a new App's settings go to: made before GitHub is asked, never written over."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from bot.setup_github.errors import SetupError

APP_ID = "LOCKGATE_APP_ID"
HEAD = """\
# Lockgate's settings, written by `lockgate setup github`. They hold keys: show them to nobody.
# In a shell: set -a; . {path}; set +a
"""


class AlreadySetUpError(SetupError):
    """There is an App already."""


class SettingsFile:
    """A place for the settings beside the file; `keep` gives it the file's name."""

    def __init__(self, path: Path, place: Path) -> None:
        self.path = path
        self._place = place

    def keep(self, settings: Mapping[str, str]) -> None:
        """Write the settings; raises SetupError where somebody made the file meanwhile."""
        self._place.write_text(_text(self.path, settings), encoding="utf-8")
        try:
            os.link(self._place, self.path)
        except FileExistsError as exc:
            kept = self._place.with_name(f"{self.path.name}.new-app")
            self._place.replace(kept)
            raise SetupError(
                f"{self.path} was made meanwhile and was not written over: the new App's settings "
                f"are in {kept}."
            ) from exc


@contextmanager
def settings_file(path: Path, environ: Mapping[str, str]) -> Iterator[SettingsFile]:
    """A place for settings that only we can read, gone afterwards unless they were kept.

    Raises AlreadySetUpError where there is an App, SetupError where the file is taken or its
    folder can't be written: GitHub gives the keys out once, so this is known before it is asked.
    """
    _free(path, environ)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.absolute().parent)
    except OSError as exc:
        raise SetupError(
            f"Nothing can be written beside {path} ({exc.strerror}): name another file with --file."
        ) from exc
    os.close(descriptor)
    try:
        yield SettingsFile(path, Path(name))
    finally:
        Path(name).unlink(missing_ok=True)


def _free(path: Path, environ: Mapping[str, str]) -> None:
    again = "`lockgate doctor` looks whether it is well."
    if app := environ.get(APP_ID):
        raise AlreadySetUpError(
            f"An App is already set up: {APP_ID} is {app} in the environment. {again} To make "
            f"another, unset {APP_ID}."
        )
    if not os.path.lexists(path):
        return
    if app := _app_in(path):
        raise AlreadySetUpError(
            f"An App is already set up: {path} holds the settings of App {app}. {again} To make "
            "another, name another file with --file."
        )
    raise SetupError(
        f"{path} exists and is not written over: move it away, or name another file with --file."
    )


def _app_in(path: Path) -> str | None:
    try:
        return dotenv_values(path, interpolate=False).get(APP_ID)
    except (OSError, UnicodeDecodeError):
        return None


def _text(path: Path, settings: Mapping[str, str]) -> str:
    """Lines that a shell, Docker Compose and systemd read alike: values hold no quotes."""
    lines = [f"{name}='{value}'\n" for name, value in settings.items()]
    return HEAD.format(path=path.absolute()) + "".join(lines)
