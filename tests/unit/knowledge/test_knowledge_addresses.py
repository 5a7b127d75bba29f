"""No address of an inside network counts as public, in whatever form it is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.public_web import PageError, PublicWeb
from terraform.public_addresses import INSIDE_V4, is_public

INSIDE = (
    "0.0.0.0",  # noqa: S104 -- an address that is judged, nothing is bound
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.19.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::a00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "5f00::1",
)
OUTSIDE = ("1.1.1.1", "8.8.8.8", "140.82.112.3", "192.0.1.1", "2606:4700::1111", "2a00:1450::1")
V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
V6 = st.integers(0, 2**128 - 1).map(IPv6Address)


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_not_public(address: str) -> None:
    """Loopback, private, link-local, metadata, shared, reserved, and IPv4 in disguise."""
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is(address: str) -> None:
    """Those of services in the internet."""
    assert is_public(address)


@given(V4 | V6)
def test_what_is_public_is_global_to_python_as_well(address: IPv4Address | IPv6Address) -> None:
    """Ours is the narrower rule."""
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_multicast


@given(V4, st.sampled_from(["::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "::"]))
def test_ipv4_in_an_ipv6_address_is_never_public(address: IPv4Address, prefix: str) -> None:
    """What a translator would make of it is not for us to know."""
    assert not is_public(str(IPv6Address(int(ip_address(prefix)) + int(address))))


@given(V4)
def test_6to4_and_teredo_are_never_public(address: IPv4Address) -> None:
    """Each holds an IPv4 address that a relay would unpack."""
    assert not is_public(str(IPv6Address((0x2002 << 112) | (int(address) << 80) | 1)))
    assert not is_public(str(IPv6Address((0x2001 << 112) | (int(address) << 64) | 1)))


@given(st.data(), st.sampled_from(INSIDE_V4))
def test_every_address_of_an_inside_network_is_inside(data: st.DataObject, network: object) -> None:
    """From its first to its last."""
    parsed = ip_network(str(network))
    offset = data.draw(st.integers(0, parsed.num_addresses - 1))

    assert not is_public(str(parsed[offset]))


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "0x7f.1", "1.2.3.4/8", "[::1]"])
def test_what_is_no_address_is_an_error(text: str) -> None:
    """It is never public by mistake."""
    with pytest.raises(ValueError, match=r"address"):
        is_public(text)


INSIDE_ALONE = PublicWeb(resolve=lambda _host, _port: ("10.0.0.1",))
URLS = st.text(max_size=40) | st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp", "file", ""]),
    st.text(max_size=20)
    | st.sampled_from(["127.1", "[::1]", "a@b", "a:80", "a:443", "\u2488\u2488"]),
    st.text(max_size=20),
)


@settings(deadline=None)
@given(URLS)
def test_no_text_is_taken_for_a_public_page_where_all_is_inside(url: str) -> None:
    """However it is written, it is refused in words."""
    with pytest.raises(PageError):
        INSIDE_ALONE.check(url)
