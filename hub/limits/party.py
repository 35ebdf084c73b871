"""Parties: whom an address counts for."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address


@lru_cache(1024)
def party_of(address: str) -> str | None:
    """Return whom an address counts for; None: somebody on this machine.

    An IPv6 customer has 2**64 addresses, so a whole /64 is one party. A socket that listens for
    both writes IPv4 addresses as IPv6 ones.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return None  # a Unix socket, or no network at all
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return None if found.is_loopback else f"{int(found) >> 64:x}/64"
        found = found.ipv4_mapped
    return None if found.is_loopback else str(found)
