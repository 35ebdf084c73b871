"""Identity: who comes in, by which credentials, and what is refused by now."""

from collections.abc import Awaitable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from hub.auth.authentication import Authentication, Source
from hub.auth.claims import Terms
from hub.auth.guesses import Guesses
from hub.auth.jwt import JwtSource
from hub.auth.jwt_keys import Key, names, public_keys, secret_key, served_keys
from hub.auth.keys import KeySource
from hub.auth.revocation import Revoked
from hub.auth.static import StaticKeySource
from hub.clock import Clock
from hub.key_server import KeyServer
from hub.model.api_key import ANY_JWT
from hub.realtime.connections import Connections
from hub.realtime.pages import Spawn
from hub.services.credential_upkeep import CredentialUpkeep
from hub.services.revocations import Revocations
from hub.services.tickets import SocketTickets
from hub.settings import Settings
from hub.stores.base import Store
from hub.telemetry.logging import logger

# What a reload brings to it.
KEY_FIELDS = (
    *("api_key", "api_key_roles", "jwt_secret", "jwt_secret_previous", "jwt_public_key"),
    *("jwt_issuer", "jwt_audience"),
)


class Identity(NamedTuple):
    """What tells who somebody is.

    Attributes:
        authentication: Whose a token is.
        revocations: Brings what was revoked anywhere. Whoever holds something open for a
            credential joins its `on_revoked`.
        tickets: Whose a ticket is.
        jwts: Reads JWTs.
        served: Brings keys from a key server; None: there is none.
        static: Knows API_KEY.
    """

    authentication: Authentication
    revocations: Revocations
    tickets: SocketTickets
    jwts: JwtSource
    served: KeyServer[Key] | None
    static: StaticKeySource


def build_identity(settings: Settings, log: Store, clock: Clock, guesses: Guesses) -> Identity:
    """Build it: nothing is asked of the log, nor of a key server, yet.

    Raises:
        Misconfigured: A key of the settings cannot be used.
    """
    required = settings.auth_required
    revoked = Revoked(clock)
    revocations = Revocations(log.credentials, revoked, clock)
    served = key_server(settings)
    jwts = jwt_source(settings, served, clock)
    # The static ones first: they may have any form, also that of a key which is mistyped.
    static = StaticKeySource(settings.static_keys, settings.static_roles)
    sources: list[Source] = [static, KeySource(log.credentials, clock), jwts]
    authentication = Authentication(
        sources, clock, required=required, revoked=revoked, guesses=guesses
    )
    if served is not None:
        served.changed = partial(_served_anew, authentication, revocations)
    revocations.on_revoked.append(authentication.forget)
    revocations.on_expired.append(authentication.forget)
    tickets = SocketTickets(log.tickets, revoked, clock, required=required)
    revocations.on_revoked.append(tickets.end)
    revocations.on_expired.append(tickets.end)
    return Identity(authentication, revocations, tickets, jwts, served, static)


def watching(
    identity: Identity, log: Store, clock: Clock, connections: Connections
) -> Iterator[Awaitable[None]]:
    """Yield what hears of revocations, notes which keys are used, and forgets what is over."""
    revocations = identity.revocations
    if identity.served is not None:
        yield identity.served.run()
    revocations.on_revoked.append(connections.revoke)
    revocations.on_expired.append(connections.expire)
    prunes = (revocations.prune, identity.tickets.prune)
    upkeep = CredentialUpkeep(log.credentials, identity.authentication.seen, prunes, clock)
    yield revocations.run()
    yield upkeep.run()


def own_keys(settings: Settings) -> Sequence[Key]:
    """Return the keys of JWTs that the settings hold.

    Raises:
        Misconfigured: One of them cannot be used.
    """
    secrets = (settings.jwt_secret, settings.jwt_secret_previous)
    keys = [secret_key(secret.reveal()) for secret in secrets if secret is not None]
    if settings.jwt_public_key is not None:
        keys += public_keys(settings.jwt_public_key.reveal())
    return keys


def terms(settings: Settings) -> Terms:
    """Return whose JWTs for whom are taken."""
    return Terms(settings.jwt_issuer, settings.jwt_audience)


def key_server(settings: Settings) -> KeyServer[Key] | None:
    """Return the key server, which nobody has asked yet; None: the settings name none."""
    if not settings.jwks_url:
        return None
    return KeyServer(settings.jwks_url, served_keys, logger("keys"))


def jwt_source(settings: Settings, served: KeyServer[Key] | None, clock: Clock) -> JwtSource:
    """Return the source of principals out of JWTs.

    Raises:
        Misconfigured: A key cannot be used.
    """
    return JwtSource(terms(settings), own_keys(settings), served, clock)


def check_keys(settings: Settings) -> None:
    """Look whether `renew_keys` could take these.

    Raises:
        Misconfigured: A key of the settings, or a role, cannot be used.
    """
    own_keys(settings)
    StaticKeySource(settings.static_keys, settings.static_roles)


def renew_keys(identity: Identity, spawn: Spawn, settings: Settings) -> None:
    """Go by other keys from now on, and ask the key server for its own.

    Raises:
        Misconfigured: See `check_keys`, which comes first: sockets that end here stay ended.
    """
    stricter = identity.jwts.adopt(terms(settings), own_keys(settings))
    # Tokens of a key that is gone are remembered, too.
    identity.authentication.forget_all()
    if stricter:
        _end_jwts(identity.revocations)
    for credential in identity.static.adopt(settings.static_keys, settings.static_roles):
        # What was opened with it would stay open for ever.
        for tell in identity.revocations.on_revoked:
            tell(credential)
    if identity.served is not None:
        spawn(identity.served.refresh(at_once=True))


def _served_anew(
    authentication: Authentication, revocations: Revocations, had: Sequence[Key], has: Sequence[Key]
) -> None:
    authentication.forget_all()
    if names(had) - names(has):
        _end_jwts(revocations)


def _end_jwts(revocations: Revocations) -> None:
    """Have whoever came in by a JWT show one again: a key has gone, perhaps his.

    At once, like a revocation: a key is also taken away because it has leaked.
    """
    for tell in revocations.on_expired:
        tell(ANY_JWT)
