"""Which hosts a project's Terraform may reach: names with ports, a leading `*.` for all below."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

HTTPS_PORT = 443
LARGEST_PORT = 65535
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"{_LABEL}(\.{_LABEL}){{0,10}}", re.ASCII)
RULE = re.compile(
    rf"(?P<below>\*\.)?(?P<host>{_LABEL}(\.{_LABEL}){{0,10}})(:(?P<port>[0-9]{{1,5}}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class HostRule:
    """One entry of a list; `below` means every name under the host, and not the host itself."""

    host: str
    port: int = HTTPS_PORT
    below: bool = False

    def covers(self, host: str, port: int) -> bool:
        """Whether a host and port may be reached by this entry."""
        if port != self.port:
            return False
        return host.endswith(f".{self.host}") if self.below else host == self.host


def host_rule(text: str) -> HostRule:
    """The entry that a text says; raises ValueError for what is none."""
    found = RULE.fullmatch(text)
    port = int(found["port"] or HTTPS_PORT) if found else 0
    if found is None or not 0 < port <= LARGEST_PORT:
        raise ValueError("must be a host such as api.example.com, *.example.com or host:8443")
    # What covers a whole top-level domain is no list.
    if found["below"] and "." not in found["host"]:
        raise ValueError("must name more than a top-level domain after *.")
    return HostRule(found["host"], port, bool(found["below"]))


def covered(rules: Iterable[HostRule], host: str, port: int) -> bool:
    """Whether any entry covers a host, as written in a request, and a port."""
    return any(rule.covers(host, port) for rule in rules)
