"""Addresses: the table of what webhooks may go to, and what the operator may open."""

from ipaddress import ip_address

import pytest
from hypothesis import given, strategies as st

from hub.errors import Misconfigured
from hub.webhooks.addresses import Own, is_open, kind, read_address, read_networks, read_ports

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "11.0.0.0",
    "9.255.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "192.0.1.1", "192.0.3.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "126.255.255.255", "128.0.0.0",
    "2606:4700:4700::1111", "2001:200::1", "2a00:1450::1", "2000::1", "::ffff:8.8.8.8",
    "3ffe:ffff::1", "2003::1",
]  # fmt: skip
PRIVATE = [
    "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
    "100.127.255.255", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:a00:1",
]  # fmt: skip
FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.1.2.3", "127.255.255.255", "169.254.169.254",
    "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.8", "192.0.0.192", "192.0.2.1",
    "192.88.99.3", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "233.252.0.16", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::2",
    "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00::1",
    "2001:10::1", "2001:20::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1",
    "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "8000::1", "e000::1", "fd00:ec2::254",
    "fd20:ce::254", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "what"),
    [
        *(pytest.param(text, "public", id=text) for text in PUBLIC),
        *(pytest.param(text, "private", id=text) for text in PRIVATE),
        *(pytest.param(text, "forbidden", id=text) for text in FORBIDDEN),
    ],
)
def test_an_address_is_what_the_table_says(address: str, what: str) -> None:
    """Both edges of each block, other ways to write IPv4, and what `is_global` has wrong."""
    assert kind(ip_address(address)) == what


@given(st.ip_addresses(v=6))
def test_nothing_outside_of_global_unicast_is_public(address: object) -> None:
    """IPv6 is closed unless it is known to be public: tomorrow's blocks are not open today."""
    found = ip_address(str(address))

    public = kind(found) == "public"

    assert not public or int(found) >> 125 == 1 or getattr(found, "ipv4_mapped", None) is not None


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_for_sockets_is_what_it_wraps(address: object) -> None:
    """`::ffff:127.0.0.1` goes to this machine like 127.0.0.1."""
    assert kind(ip_address(f"::ffff:{address}")) == kind(ip_address(str(address)))


@pytest.mark.parametrize(
    ("address", "networks", "is_opened"),
    [
        pytest.param("10.1.2.3", "10.0.0.0/8", True, id="a private one by its network"),
        pytest.param("10.1.2.3", "10.1.2.3", True, id="a private one by itself"),
        pytest.param("10.1.2.3", "0.0.0.0/0", True, id="a private one by a larger network"),
        pytest.param("10.1.2.3", "192.168.0.0/16", False, id="a private one by another network"),
        pytest.param("10.1.2.3", "", False, id="nothing is open by itself"),
        pytest.param("fd12::1", "fd00::/8", True, id="a private one of IPv6"),
        pytest.param("127.0.0.1", "127.0.0.0/8", True, id="loopback by its block"),
        pytest.param("127.0.0.1", "127.0.0.1", True, id="loopback by the address"),
        pytest.param("127.0.0.1", "::1/128, 127.0.0.0/8", True, id="loopback by one of several"),
        pytest.param("::1", "::1/128", True, id="loopback of IPv6"),
        pytest.param("::1", "127.0.0.0/8", False, id="loopback of IPv6 by that of IPv4"),
        pytest.param("::ffff:127.0.0.1", "127.0.0.0/8", True, id="loopback, wrapped"),
        pytest.param("127.0.0.1", "::ffff:127.0.0.0/104", True, id="a network, wrapped"),
        pytest.param("127.0.0.1", "0.0.0.0/0", False, id="loopback by everything"),
        pytest.param("127.0.0.1", "126.0.0.0/7", False, id="loopback by a larger network"),
        pytest.param("169.254.169.254", "0.0.0.0/0", False, id="metadata by everything"),
        pytest.param("169.254.169.254", "169.254.169.254", True, id="metadata by its address"),
        pytest.param("100.100.100.200", "100.64.0.0/10", False, id="metadata inside CGNAT"),
        pytest.param("fd00:ec2::254", "fd00::/8", False, id="metadata inside private IPv6"),
        pytest.param("::1", "::/0", False, id="loopback of IPv6 by everything"),
        pytest.param("fe80::1%eth0", "fe80::/10", False, id="one of a link, with the link's name"),
        pytest.param("8.8.8.8", "8.8.8.0/24", False, id="a public one needs no opening"),
    ],
)
def test_the_operator_opens_by_naming_a_network(
    address: str, networks: str, *, is_opened: bool
) -> None:
    """A forbidden address only by a network inside its block: nobody opens metadata by the way."""
    assert is_open(ip_address(address), read_networks(networks)) is is_opened


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("10.0.0.1/8", "did you mean 10.0.0.0/8?", id="bits of a host"),
        pytest.param("localhost", "got 'localhost'", id="a name"),
        pytest.param("*", "got '*'", id="an asterisk"),
        pytest.param("10.0.0.0-10.0.0.9", "expected networks like", id="a range"),
    ],
)
def test_what_is_no_network_is_refused(text: str, line: str) -> None:
    """One line that names the setting, what was expected and what came."""
    with pytest.raises(Misconfigured) as refused:
        read_networks(text)

    assert line in str(refused.value)
    assert str(refused.value).startswith("WEBHOOK_ALLOW_NETWORKS: ")


def test_ports_are_read_one_by_one_and_in_ranges() -> None:
    """Spaces and empty words are passed over."""
    assert read_ports(" 9443, 10000-10002,, ") == {9443, 10000, 10001, 10002}


@pytest.mark.parametrize("text", ["25", "1023", "0", "65536", "2000-1999", "http", "-1", "1024-"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """Below 1024 stand services to which a POST may mean something else."""
    with pytest.raises(Misconfigured, match=r"HUB_WEBHOOK_PORTS: expected .*from 1024 on, got"):
        read_ports(text)


@pytest.mark.parametrize(
    ("host", "address", "port", "is_own"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", 8000, True, id="itself"),
        pytest.param("127.0.0.1", "127.0.0.1", 8001, False, id="another port"),
        pytest.param("127.0.0.1", "127.0.0.2", 8000, False, id="another address"),
        pytest.param("localhost", "127.0.0.1", 8000, True, id="by its name"),
        pytest.param("localhost", "::1", 8000, True, id="by its name, IPv6"),
        pytest.param("0.0.0.0", "127.0.0.1", 8000, True, id="on every interface"),
        pytest.param("::", "::1", 8000, True, id="on every interface, IPv6"),
        pytest.param("0.0.0.0", "8.8.8.8", 8000, False, id="another machine"),
        pytest.param("hub.example", "127.0.0.1", 8000, False, id="listening on a name"),
    ],
)
def test_the_hub_knows_itself(host: str, address: str, port: int, *, is_own: bool) -> None:
    """By the address that it listens on."""
    found = read_address(address)

    assert found is not None
    assert Own(host, 8000).has(found, port) is is_own
