"""Dialling: look a name up, judge every address that it leads to, connect to one of them.

What is judged is what is dialled: the address goes to the socket, never the name, so a name that
leads elsewhere at the next look-up (DNS rebinding, CWE-350) gains nothing. The name stays for SNI,
for the certificate and for the Host header.
"""

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest

from hub.model.delivery import Failure
from hub.webhooks.addresses import Address, Own, Reach, read_address, unwrapped
from hub.webhooks.course import Course
from hub.webhooks.targets import BLOCKED, Target, allowed
from hub.webhooks.wire import Wire

# Of the exchange's 15 seconds.
RESOLVE_S = 5.0
# To one of several addresses; the last one has what is left of the exchange.
CONNECT_S = 4.0
MAX_ADDRESSES = 4
# The same for both, or whoever may make an endpoint could ask for the names inside, one by one.
NOT_FOUND = "the name was not found, or leads where webhooks do not go"
_LOOP = "the hub does not send webhooks to itself, except to /webhook/{client_id}"
_NO_ANSWER = "could not connect: no answer"

Resolve = Callable[[str], Awaitable[Sequence[Address]]]


class NotDialled(Exception):
    """There is no connection; not for callers, who get an Answer."""

    def __init__(self, failure: Failure, detail: str) -> None:
        self.failure: Failure = failure
        self.detail = detail
        super().__init__(detail)


class Dialer:
    """Opens connections to where webhooks may go, and nowhere else.

    Args:
        reach: Asked with each connection: the hub's own place is known once it listens.
        resolve: Looks names up.
        context: Of TLS.
    """

    def __init__(
        self, reach: Callable[[], Reach], resolve: Resolve, context: ssl.SSLContext
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        self._context = context

    async def dial(self, target: Target, course: Course) -> Wire:
        """Connect to a target, with TLS where its scheme says so.

        Raises:
            NotDialled: `dns`, `blocked`, `loop`, `connect` or `tls`.
        """
        reach = self._reach()
        addresses = await self._judged(target, reach, course)
        begun = time.perf_counter_ns()
        wire = await self._first(target, addresses, course)
        _refuse_self(wire, target, reach.own)
        wire.address = course.address
        course.connect_us = (time.perf_counter_ns() - begun) // 1000
        return wire

    async def _first(self, target: Target, addresses: Sequence[Address], course: Course) -> Wire:
        """Connect to the first address that takes it."""
        failure = NotDialled("connect", _NO_ANSWER)
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            course.address = str(address)
            try:
                async with asyncio.timeout(CONNECT_S if left else None):
                    return await self._connect(target, course.address)
            except TimeoutError:
                failure = NotDialled("connect", _NO_ANSWER)
            except NotDialled as error:
                failure = error
        raise failure

    async def _judged(self, target: Target, reach: Reach, course: Course) -> Sequence[Address]:
        """Return the addresses that are to be tried, all of which have been judged."""
        addresses = await self._addresses(target, course)
        # All or nothing: of a name that leads inside with one answer, none is believed.
        if not all(allowed(address, target, reach) for address in addresses):
            course.dns_us = None
            if read_address(target.host) is None:
                raise NotDialled("dns", NOT_FOUND)
            raise NotDialled("blocked", BLOCKED)
        own = None if target.receiver else reach.own
        if own is not None and any(own.has(address, target.port) for address in addresses):
            raise NotDialled("loop", _LOOP)
        return addresses[:MAX_ADDRESSES]

    async def _addresses(self, target: Target, course: Course) -> Sequence[Address]:
        literal = read_address(target.host)
        if literal is not None:
            return [literal]
        begun = time.perf_counter_ns()
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = await self._resolve(target.host)
        except TimeoutError:
            raise NotDialled("dns", f"the name was not found within {RESOLVE_S:g} s") from None
        except OSError:
            raise NotDialled("dns", NOT_FOUND) from None
        if not found:
            raise NotDialled("dns", NOT_FOUND)
        course.dns_us = (time.perf_counter_ns() - begun) // 1000
        return _by_turns([unwrapped(address) for address in found])

    async def _connect(self, target: Target, address: str) -> Wire:
        secure = target.scheme == "https"
        try:
            _, wire = await asyncio.get_running_loop().create_connection(
                Wire,
                address,
                target.port,
                ssl=self._context if secure else None,
                server_hostname=target.host if secure else None,
            )
        except ssl.SSLCertVerificationError as error:
            raise NotDialled("tls", f"certificate: {error.verify_message}"[:200]) from None
        except ssl.SSLError as error:
            raise NotDialled("tls", f"TLS: {error.reason or 'no handshake'}"[:200]) from None
        except OSError as error:
            raise NotDialled("connect", f"could not connect: {_said(error)}") from None
        return wire


def _refuse_self(wire: Wire, target: Target, own: Own | None) -> None:
    """Let go of a connection of the hub with itself, by whatever address of this machine.

    To an address of its own a machine connects from the same address.

    Raises:
        NotDialled: It was one, and the target is not the hub's receiver.
    """
    if own is None or target.receiver or target.port != own.port:
        return
    here, there = wire.ends()
    if here is not None and here == there and _is_any(own.host):
        wire.drop()
        raise NotDialled("loop", _LOOP)


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _by_turns(addresses: Sequence[Address]) -> Sequence[Address]:
    """Return them once each, versions by turns: one may be broken here (RFC 8305, 4)."""
    unique = list(dict.fromkeys(addresses))
    first = [address for address in unique if address.version == unique[0].version]
    others = [address for address in unique if address.version != unique[0].version]
    mixed = chain.from_iterable(zip_longest(first, others))
    return [address for address in mixed if address is not None]


def _said(error: OSError) -> str:
    # Not its text: asyncio's holds addresses.
    return os.strerror(error.errno).lower() if error.errno else "no connection"
