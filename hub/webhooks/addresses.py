"""Which addresses webhooks may go to: the public ones, and what the operator has opened.

Whoever may make an endpoint could otherwise have the hub send requests into the network that it
stands in: to cloud metadata, to databases, to itself (server-side request forgery, CWE-918).

The table is our own. `ipaddress.is_global` calls 168.63.129.16, fec0::1 and 2002:7f00:1::1, which
is 127.0.0.1, global, and its answers change from one patch release to the next.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, NamedTuple

from hub.errors import Misconfigured

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Kind = Literal["public", "private", "forbidden"]


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_PORTS = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")
_FIRST_PORT, _LAST_PORT = 1024, 65_535
# What people number their own networks with.
_PRIVATE = _networks("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
# One machine, one link, cloud metadata, groups, what is reserved, and what hides another address.
_FORBIDDEN = _networks(
    "0.0.0.0/8",
    "100.100.100.200/32",  # metadata of Alibaba Cloud, inside of 100.64.0.0/10
    "127.0.0.0/8",
    "168.63.129.16/32",  # WireServer of Azure
    "169.254.0.0/16",  # and the metadata of most
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "::/96",  # IPv4, written in old ways
    "64:ff9b::/96",  # IPv4 by NAT64
    "64:ff9b:1::/48",
    "fe80::/10",
    "fec0::/10",
    "fd00:ec2::/32",  # metadata of AWS, inside of fc00::/7
    "fd20:ce::254/128",  # and of Google
    "ff00::/8",
    # Inside of 2000::/3, which is all of IPv6 that is public.
    "2001::/23",  # IPv4 by Teredo, ORCHID, benchmarks
    "2001:db8::/32",
    "2002::/16",  # IPv4 by 6to4
    "3fff::/20",
    # The rest, so that whatever is given a meaning one day is not open before we know it.
    "::/3",
    "4000::/2",
    "8000::/1",
)
# The smallest network first: it says what an address is.
_DENIED = sorted((*_PRIVATE, *_FORBIDDEN), key=lambda network: -network.prefixlen)


class Own(NamedTuple):
    """Where the hub itself listens."""

    host: str
    port: int

    def has(self, address: Address, port: int) -> bool:
        """Say whether this is the hub, as far as its settings tell."""
        if port != self.port:
            return False
        if self.host == "localhost":
            return address.is_loopback
        own = read_address(self.host)
        return own == address or (own is not None and own.is_unspecified and address.is_loopback)


class Reach(NamedTuple):
    """Where webhooks may go besides public addresses, as the operator says.

    Attributes:
        opened: Networks that are not public.
        http: Whether they may go to public addresses without TLS.
        ports: More ports of public addresses.
        own: The hub, which may be called at its own receiver only.
    """

    opened: Sequence[Network] = ()
    http: bool = False
    ports: frozenset[int] = frozenset()
    own: Own | None = None


def unwrapped(address: Address) -> Address:
    """Return an IPv4 address out of one that only wraps it for sockets (`::ffff:0:0/96`)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def kind(address: Address) -> Kind:
    """Say what an address is."""
    found = _denied(unwrapped(address))
    if found is None:
        return "public"
    return "private" if found in _PRIVATE else "forbidden"


def is_open(address: Address, opened: Iterable[Network]) -> bool:
    """Say whether the operator has opened an address that is not public.

    A private one by any network that holds it; a forbidden one only by a network inside the
    forbidden block: 0.0.0.0/0 or 10.0.0.0/8 must not open cloud metadata by the way.
    """
    plain = unwrapped(address)
    if getattr(plain, "scope_id", None) is not None:
        return False
    denied = _denied(plain)
    if denied is None:
        return False
    holding = [network for network in opened if plain in network]
    return any(denied in _PRIVATE or _inside(network, denied) for network in holding)


def read_networks(text: str) -> tuple[Network, ...]:
    """Read WEBHOOK_ALLOW_NETWORKS: networks or addresses, comma-separated.

    Raises:
        Misconfigured: One of them is neither.
    """
    found = []
    for word in (word.strip() for word in text.split(",") if word.strip()):
        try:
            network = ip_network(word)
        except ValueError as error:
            host_bits = "host bits" in str(error)
            hint = f"; did you mean {ip_network(word, strict=False)}?" if host_bits else ""
            raise Misconfigured(
                "WEBHOOK_ALLOW_NETWORKS: expected networks like 10.1.0.0/16 or 127.0.0.0/8, "
                f"got {word[:80]!r}{hint}"
            ) from None
        found.append(_plain(network))
    return tuple(found)


def read_ports(text: str) -> frozenset[int]:
    """Read HUB_WEBHOOK_PORTS: ports and ranges from 1024 on, comma-separated.

    Raises:
        Misconfigured: One of them is neither.
    """
    found: set[int] = set()
    for word in (word.strip() for word in text.split(",") if word.strip()):
        match = _PORTS.fullmatch(word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        # Below stand mail, name servers and the like, to which a POST could be made to mean much.
        if not _FIRST_PORT <= first <= last <= _LAST_PORT:
            raise Misconfigured(
                "HUB_WEBHOOK_PORTS: expected ports like 9443 or 10000-10100, from 1024 on, "
                f"got {word[:80]!r}"
            )
        found.update(range(first, last + 1))
    return frozenset(found)


def read_address(text: str) -> Address | None:
    """Read an address in its usual form; None: it is a name, or a form that nobody should use."""
    try:
        return unwrapped(ip_address(text))
    except ValueError:
        return None


def _plain(network: Network) -> Network:
    """Return the IPv4 network that an IPv6 one wraps, as addresses are unwrapped, too."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((int(mapped), network.prefixlen - _MAPPED_BITS))
    return network


_MAPPED_BITS = 96


def _denied(address: Address) -> Network | None:
    """Return the smallest network of the table that holds an address."""
    for network in _DENIED:
        if network.version == address.version and address in network:
            return network
    return None


def _inside(network: Network, block: Network) -> bool:
    same = network.version == block.version
    return same and network.network_address in block and network.prefixlen >= block.prefixlen
