"""Tickets: one socket each, for pages, which can send no header with an upgrade.

A ticket stands in an address, and addresses are written down everywhere; so it ends after half a
minute, and with its first use.
"""

import re
from secrets import token_urlsafe

import msgspec

from hub.auth.authentication import check_expiry
from hub.auth.keys import hash_of
from hub.auth.revocation import Revoked
from hub.clock import SECOND_US, Clock
from hub.errors import TokenExpired, Unauthenticated
from hub.model.api_key import concerns
from hub.model.principal import ANONYMOUS, Principal
from hub.model.timestamp import to_rfc3339
from hub.stores.credentials import Ticket, Tickets

VALID_US = 30 * SECOND_US

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


class TicketAnswer(msgspec.Struct):
    """Answer of `POST /api/ws/ticket`: open `/ws?ticket=…` with it, once, before `expires_at`."""

    ticket: str
    expires_at: str


class SocketTickets:
    """Gives tickets and takes them back.

    Args:
        tickets: Where they are kept, for all nodes.
        revoked: What is refused by now.
        clock: The wall time.
        required: False: AUTH=off.
    """

    def __init__(self, tickets: Tickets, revoked: Revoked, clock: Clock, *, required: bool) -> None:
        self._tickets = tickets
        self._revoked = revoked
        self._clock = clock
        self._required = required
        self._ended: dict[str, int] = {}

    def end(self, credential: str) -> None:
        """Take none any more that was given until now to whoever showed this credential.

        Keys of the settings end without being revoked, and their tickets would outlive them.
        """
        now_us = self._clock.now_us()
        self._ended = {one: at for one, at in self._ended.items() if now_us < at + VALID_US}
        self._ended[credential] = now_us

    async def issue(self, principal: Principal, origin: str | None) -> TicketAnswer:
        """Give a ticket to a principal, and to the page that asks, where one does."""
        ticket = token_urlsafe(32)
        expires_us = self._clock.now_us() + VALID_US
        await self._tickets.add(hash_of(ticket), Ticket(principal, origin, expires_us))
        return TicketAnswer(ticket, to_rfc3339(expires_us))

    async def redeem(self, ticket: str, origin: str | None) -> Principal:
        """Return whose ticket it is; it is void from now on, also where it is refused.

        Args:
            ticket: As it came in the address.
            origin: Of the page that opens the socket; None: no page.

        Raises:
            Unauthenticated: It is none, was used, is over, was given to another page, or its
                credential was revoked meanwhile.
            TokenExpired: The credential that it was got with has expired, or its key has gone.
            LogUnavailable: The database cannot be written.
        """
        found = await self._tickets.take(hash_of(ticket)) if _FORM.fullmatch(ticket) else None
        now_us = self._clock.now_us()
        if found is None or now_us >= found.expires_us:
            raise Unauthenticated("expected a ticket of the last 30 seconds, not used, got another")
        if found.origin not in {None, origin}:
            raise Unauthenticated("expected the page that the ticket was given to, got another")
        if self._required and found.principal == ANONYMOUS:
            raise Unauthenticated("expected a ticket of somebody, got one of an open hub")
        check_expiry(found.principal, now_us)
        self._revoked.check(found.principal)
        self._check_end(found)
        return found.principal

    def _check_end(self, ticket: Ticket) -> None:
        given_us = ticket.expires_us - VALID_US
        for credential, at_us in self._ended.items():
            if given_us <= at_us and concerns(credential, ticket.principal):
                raise TokenExpired("expected a ticket whose key is still there, got one before it")

    async def prune(self) -> None:
        """Forget those that nobody took."""
        await self._tickets.forget(self._clock.now_us())
