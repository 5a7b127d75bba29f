"""Runs inside the sandbox, before Terraform: a port on its loopback that leads to a socket outside.

Called as `python -I -S forwarder.py SOCKET PORT COMMAND...`. It becomes the command; a process of
its own goes on passing bytes. Standard library only, and nothing of this package. It decides
nothing: whoever holds the other end of the socket does.
"""

import os
import socket
import sys
import threading
from contextlib import suppress

CHUNK_BYTES = 65536
WAITING = 64


def main(path: str, port: int, command: list[str]) -> None:
    """Listen, leave a process that forwards, become the command."""
    listener = socket.create_server(("127.0.0.1", port), backlog=WAITING)
    child = os.fork()
    if child == 0:
        # Twice, so that the command has no child that it did not start.
        if os.fork() == 0:
            _apart()
            serve(listener, path)
        os._exit(0)
    os.waitpid(child, 0)
    listener.close()
    os.execv(command[0], command)  # noqa: S606 -- the sandbox's own command


def _apart() -> None:
    """Keep neither the command's outputs nor its signals."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def serve(listener: socket.socket, path: str) -> None:
    """Connect whoever comes with the socket, until the sandbox ends."""
    while True:
        near, _ = listener.accept()
        threading.Thread(target=_forward, args=(near, path), daemon=True).start()


def _forward(near: socket.socket, path: str) -> None:
    far = socket.socket(socket.AF_UNIX)
    with near, far, suppress(OSError):
        far.connect(path)
        relay(near, far)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until both ends have said all."""
    back = threading.Thread(target=_pass, args=(other, one), daemon=True)
    back.start()
    _pass(one, other)
    back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
