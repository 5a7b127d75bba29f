"""The few lines of git's wire format the hub reads and writes itself, to refuse a push. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

LENGTH_BYTES = 4
FLUSH = b"0000"


@dataclass(frozen=True, slots=True)
class Command:
    """One ref a push wants to change; forty zeros stand for "is not there"."""

    before: str
    after: str
    ref: str


@dataclass(frozen=True, slots=True)
class Push:
    """The head of a receive-pack request."""

    commands: tuple[Command, ...]
    capabilities: frozenset[str]


def read_push(body: bytes) -> Push:
    """Read the commands of a push; raise ValueError for what is not one."""
    commands: list[Command] = []
    capabilities: frozenset[str] = frozenset()
    position = 0
    while body[position : position + LENGTH_BYTES] not in {FLUSH, b""}:
        length = int(body[position : position + LENGTH_BYTES], 16)
        if length <= LENGTH_BYTES:
            raise ValueError("a pkt-line of a push is too short")
        line = body[position + LENGTH_BYTES : position + length]
        position += length
        text, _, extra = line.partition(b"\0")
        if extra:
            capabilities = frozenset(extra.decode().split())
        if text.startswith((b"shallow ", b"push-cert")):
            continue
        before, after, ref = text.decode().rstrip("\n").split(" ", 2)
        commands.append(Command(before, after, ref))
    return Push(tuple(commands), capabilities)


def refusal(push: Push, refused: Iterable[str], *, reason: str, message: str) -> bytes:
    """Return the report that refuses the whole push; `message` shows as `remote: ...`."""
    closed = set(refused)
    report = pkt(b"unpack ok\n")
    for command in push.commands:
        why = reason if command.ref in closed else "another ref was refused"
        report += pkt(f"ng {command.ref} {why}\n".encode())
    report += FLUSH
    if "side-band-64k" not in push.capabilities:
        return report
    return pkt(b"\x02" + message.encode() + b"\n") + pkt(b"\x01" + report) + FLUSH


def pkt(payload: bytes) -> bytes:
    """Frame one line."""
    return f"{len(payload) + LENGTH_BYTES:04x}".encode() + payload
