"""Which addresses are in the public internet: what a program outside may be pointed at."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# IANA's special-purpose registry, with multicast, the reserved rest, the relays of 6to4, and the
# one address of Azure that answers its machines alone though it looks public.
INSIDE_V4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# What IANA hands out; IPv4 in disguise (mapped, NAT64) and all that is local lies outside it.
GLOBAL_V6 = ip_network("2000::/3")
# Protocols (Teredo among them), documentation, and 6to4, which holds an IPv4 address.
INSIDE_V6 = tuple(
    ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether an address, as text, belongs to the public internet; raises ValueError for none."""
    parsed = ip_address(address)
    match parsed:
        case IPv4Address():
            return not any(parsed in network for network in INSIDE_V4)
        case IPv6Address(scope_id=scope):
            special = any(parsed in network for network in INSIDE_V6)
            return scope is None and parsed in GLOBAL_V6 and not special
