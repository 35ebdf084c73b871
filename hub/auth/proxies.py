"""Proxies in front: whom they ask for, where they are believed.

Limits by address would otherwise see one client, the proxy. Whoever is not one of them is not
believed: else everybody could say to be somebody else (CWE-348).
"""

from collections.abc import Iterable, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

FORWARDED_FOR = b"x-forwarded-for"
# Hops that are looked at, from the nearest on.
MAX_HOPS = 32
# An IPv6 address with a zone, in brackets, with a port.
_LONGEST = 80


class Proxies:
    """Addresses and networks of proxies that are believed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._networks = [ip_network(name) for name in names]

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return for whom a peer asks: the nearest address that is no proxy of ours, or itself."""
        if not self._networks or not self._has(_address(peer)):
            return peer
        said = b",".join(value for name, value in headers if name == FORWARDED_FOR)
        nearest = peer
        # Each proxy adds its client at the end; what stands in front may be made up.
        for hop in said.decode("latin-1").rsplit(",", MAX_HOPS)[::-1]:
            found = _address(hop.strip())
            if found is None:
                return nearest
            nearest = str(found)
            if not self._has(found):
                return nearest
        return nearest

    def unwrap(self, scope: MutableMapping[str, Any]) -> None:
        """Put the client of a request in the place of the proxy."""
        if self._networks and scope.get("client"):
            peer = str(scope["client"][0])
            scope["client"] = (self.client(peer, scope["headers"]), 0)

    def _has(self, address: "IPv4Address | IPv6Address | None") -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, also with a port, as some proxies write it."""
    # What is remembered must be short: whoever writes the header may fill 64 KiB with one hop.
    return _read_address(text) if len(text) <= _LONGEST else None


@lru_cache(4096)
def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped


NO_PROXIES = Proxies(())
