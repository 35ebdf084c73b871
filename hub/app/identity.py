"""Identity: who comes in, by which credentials, and what is refused by now."""

from typing import NamedTuple

from hub.auth.authentication import Authentication, Source
from hub.auth.keys import KeySource
from hub.auth.revocation import Revoked
from hub.clock import Clock
from hub.services.revocations import Revocations
from hub.services.tickets import SocketTickets
from hub.settings import Settings
from hub.stores.base import Store


class Identity(NamedTuple):
    """What tells who somebody is.

    Attributes:
        authentication: Whose a token is.
        revocations: Brings what was revoked anywhere. Whoever holds something open for a
            credential joins its `on_revoked`.
        tickets: Whose a ticket is.
    """

    authentication: Authentication
    revocations: Revocations
    tickets: SocketTickets


def build_identity(settings: Settings, log: Store, clock: Clock) -> Identity:
    """Build it: nothing is asked of the log yet."""
    required = settings.auth_required
    revoked = Revoked(clock)
    revocations = Revocations(log.credentials, revoked, clock)
    sources: list[Source] = [KeySource(log.credentials, clock)]
    authentication = Authentication(sources, clock, required=required, revoked=revoked)
    revocations.on_revoked.append(authentication.forget)
    tickets = SocketTickets(log.tickets, revoked, clock, required=required)
    return Identity(authentication, revocations, tickets)
