"""The whole story, with cloud and cluster, as a person starts it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from demo.lockgate import ROOT


def test_the_story_ends_well() -> None:
    """`python -m demo --once` goes from an issue to a healthy cluster and ends with 0."""
    # Not below pytest's own folder: PostgreSQL's user can't go there where we are root.
    with tempfile.TemporaryDirectory(prefix="lockgate-demo-") as folder:
        Path(folder).chmod(0o755)
        command = (sys.executable, "-m", "demo", "--once", "--folder", f"{folder}/data")

        played = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=550, check=False
        )

    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-2000:]
