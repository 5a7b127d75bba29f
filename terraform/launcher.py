"""Runs the Terraform engine of a shared library as if it were the `terraform` program.

Called as `python -I -S launcher.py LIBRARY ARGUMENTS...`: isolated, because the working folder is
untrusted and must not supply a Python module. Standard library only, and nothing of this package.
"""

import ctypes
import os
import sys


def run(library: str, arguments: list[str]) -> int:
    """Run one Terraform command in this process and return its exit code.

    The engine handles SIGINT and SIGTERM itself, as the program does.
    """
    engine = ctypes.CDLL(library)
    engine.RunCli.argtypes = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    engine.RunCli.restype = ctypes.c_int
    values = [os.fsencode(argument) for argument in arguments]
    vector = (ctypes.c_char_p * len(values))(*values)
    # The engine closes the descriptors it is given.
    return int(engine.RunCli(len(values), vector, os.dup(1), os.dup(2)))


if __name__ == "__main__":
    # Go's threads do not end with the interpreter: leave at once.
    os._exit(run(sys.argv[1], sys.argv[2:]))
