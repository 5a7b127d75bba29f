"""Runs a program that is not ours and ends it when standard input closes: when its parent is gone.

`python guard.py PROGRAM ARGUMENT...`; the exit status is the program's.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


def run(command: Sequence[str]) -> int:
    """Run it to its end; SIGTERM is passed on."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as program:
        signal.signal(signal.SIGTERM, lambda *_: program.terminate())
        threading.Thread(target=_end_with_parent, args=(program,), daemon=True).start()
        return program.wait()


def _end_with_parent(program: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    program.terminate()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
