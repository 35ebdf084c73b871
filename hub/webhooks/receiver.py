"""The built-in receiver (seed 1): takes webhooks, shows them, and makes no events of them.

For trials: whoever reaches it may post, so all that it keeps is bounded, and nothing of it is
believed. Whether a signature is good is said beside what came.
"""

import hmac
import re
from collections.abc import Sequence
from secrets import token_hex
from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US, Clock
from hub.errors import NotFound, RateLimited
from hub.model.endpoint import Endpoint
from hub.model.timestamp import to_rfc3339
from hub.stores.received import ReceivedRequest
from hub.stores.webhooks import DeliveryQuery, Webhooks
from hub.webhooks import signing
from hub.webhooks.delivery_telling import printable, readable
from hub.webhooks.endpoint_secrets import EndpointSecrets

MAX_BODY = 64 * 1024
MAX_REQUESTS = 100
MAX_CLIENTS = 1_000
# Besides, for those that a webhook of this hub is signed for: whoever reaches the receiver could
# otherwise shut all others out, for a day, with a thousand names.
MORE_CLIENTS = 100
# Receivers of Standard Webhooks refuse what was signed longer ago: it may have been recorded.
TOLERANCE_S = 300
UNSIGNED, VALID, OLD, WRONG = (
    "not signed",
    "signed by",
    "signed too long ago, or ahead of time",
    "the signature is wrong",
)
# Deliveries of one event that are looked through for a callback's key.
_MAX_LOOKED = 25
_CLIENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]{1,200}")
# Whatever else comes, passwords are not kept.
_HIDDEN = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_MAX_HEADERS, _MAX_HEADER = 50, 500


class ReceivedAnswer(msgspec.Struct):
    """Answer of `POST /webhook/{client_id}`."""

    status: str
    client_id: str
    verified: bool
    verdict: str


class Came(NamedTuple):
    """A request as it came; names in lower case."""

    headers: Sequence[tuple[str, str]]
    body: bytes


class Receiver:
    """Takes webhooks.

    Args:
        store: Where they are kept.
        clock: The wall time.
        secrets: Of the endpoints that send to it.
        is_on: Whether it is there at all.
    """

    def __init__(
        self, store: Webhooks, clock: Clock, *, secrets: EndpointSecrets, is_on: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._is_on = is_on

    def check(self, client_id: str) -> None:
        """Refuse an address that is none.

        Raises:
            NotFound: The receiver is off, or nobody can have this name.
        """
        if not self._is_on:
            raise NotFound(
                "expected an address of the hub, got that of its receiver, which is off: set "
                "HUB_WEBHOOK_RECEIVER=1"
            )
        if not _CLIENT.fullmatch(client_id):
            raise NotFound(
                "expected a client id of at most 200 letters, digits, '.', '_', '~' and '-', got "
                f"{client_id[:80]!r}"
            )

    async def take(self, client_id: str, came: Came) -> ReceivedAnswer:
        """Keep what came.

        Raises:
            NotFound: See `check`.
            RateLimited: It keeps something for as many clients as it may.
        """
        self.check(client_id)
        now_us = self._clock.now_us()
        signer = await self._verdict(client_id, came, now_us)
        told = [
            (name, value[:_MAX_HEADER])
            for name, value in came.headers[:_MAX_HEADERS]
            if name not in _HIDDEN
        ]
        request = ReceivedRequest(
            f"rr_{token_hex(12)}",
            client_id,
            now_us,
            msgspec.json.encode(told).decode(),
            came.body,
            signer,
        )
        most = MAX_CLIENTS + MORE_CLIENTS if signer.startswith(VALID) else MAX_CLIENTS
        if not await self._store.keep(request, MAX_REQUESTS, most):
            raise RateLimited(
                f"expected webhooks for at most {most} clients, got one for one more: what "
                "is there is forgotten after a day"
            )
        return ReceivedAnswer("received", client_id, signer.startswith(VALID), signer)

    async def shown(self, client_id: str) -> str:
        """Return what came for a client, newest first, as text.

        Raises:
            NotFound: See `check`.
        """
        self.check(client_id)
        found = await self._store.received(client_id, MAX_REQUESTS)
        head = f"{len(found)} webhooks came for {client_id}, the newest first; at most "
        head += f"{MAX_REQUESTS} are kept, for a day.\n"
        return "\n".join([head, *map(_told, found)])

    async def _verdict(self, client_id: str, came: Came, now_us: int) -> str:
        """Say in one line whose signature it is."""
        said = dict(came.headers)
        event_id, at, signatures = (
            said.get(name, "") for name in (signing.ID, signing.TIMESTAMP, signing.SIGNATURE)
        )
        if not (event_id and at and signatures):
            return UNSIGNED
        if not (at.isascii() and at.isdigit() and len(at) <= 12):  # noqa: PLR2004 till the year 33658
            return WRONG
        for endpoint in await self._candidates(client_id, event_id):
            keys = self._secrets.opened(endpoint, now_us)
            if _is_signed(keys, event_id, int(at), came.body, signatures):
                late = abs(int(at) - now_us // SECOND_US) > TOLERANCE_S
                return OLD if late else f"{VALID} {endpoint.id}"
        return f"{WRONG}, or by no webhook of this hub for this address"

    async def _candidates(self, client_id: str, event_id: str) -> Sequence[Endpoint]:
        """Return the endpoints that send to this address."""
        there = [*(await self._store.registry()).endpoints]
        # A callback that was made is known by its delivery alone.
        rows = await self._store.deliveries(DeliveryQuery(_MAX_LOOKED, event_id=event_id[:64]))
        known = {one.id for one in there}
        for name in dict.fromkeys(delivery.endpoint_id for delivery, _ in rows):
            found = None if name in known else await self._store.endpoint(name)
            if found is not None:
                there.append(found[0])
        return [one for one in there if _leads_to(one.url, client_id)]


def _leads_to(url: str, client_id: str) -> bool:
    return url.endswith(f"/webhook/{client_id}")


def _is_signed(keys: Sequence[str], event_id: str, at_s: int, body: bytes, signatures: str) -> bool:
    try:
        expected = dict(signing.sign(keys, event_id, at_s, body))[signing.SIGNATURE].split()
    except ValueError:
        return False
    given = [one.encode() for one in signatures.split()[: 2 * signing.MAX_LIVE]]
    # Every pair, in constant time: none of them tells how far it was right.
    return sum(hmac.compare_digest(a.encode(), b) for a in expected for b in given) > 0


def _told(request: ReceivedRequest) -> str:
    encoding, body = readable(request.body)
    pairs: list[tuple[str, str]] = msgspec.json.decode(request.headers, type=list[tuple[str, str]])
    headers = [f"{printable(name)}: {printable(value)}" for name, value in pairs]
    kind = "" if encoding == "text" else f" ({encoding})"
    lines = [
        f"--- {to_rfc3339(request.at_us)} {request.id}: {printable(request.verdict)}",
        *headers,
        "",
        f"{body}{kind}",
        "",
    ]
    return "\n".join(lines)
