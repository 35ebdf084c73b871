"""The use cases of webhooks on a real log in a file; nothing is sent."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import FieldError, InvalidFields
from hub.model.delivery import Attempt, Body, NewDelivery
from hub.model.principal import Principal
from hub.stores.webhooks import Claim, Grant, Lane, Leased, Result, Step, Webhooks
from hub.webhooks import encryption, signing
from hub.webhooks.callbacks import Callbacks
from hub.webhooks.deliveries import Deliveries
from hub.webhooks.endpoint_forms import EndpointCreated, NewEndpoint
from hub.webhooks.endpoint_reading import Checks
from hub.webhooks.endpoint_secrets import EndpointSecrets
from hub.webhooks.endpoints import EndpointRegister
from hub.webhooks.making import body_of
from hub.webhooks.published import PublishedKeys
from hub.webhooks.receiver import Receiver
from hub.webhooks.replays import Replays
from hub.webhooks.sender import Answer, Request
from hub.webhooks.settling import Exchange, settle
from hub.webhooks.trials import Trials
from support.principals import principal
from support.use_cases import UseCases, open_use_cases
from support.webhooks import DAY_US, attempt, told

ANNA = principal("anna", "service")
BERT = principal("bert", "service")
ROOT = principal("root", "admin")
OPERATOR = principal("olga", "operator")
URL = "https://example.com/hook"


class Shifted:
    """A sealing that is none, but shows where a secret was put."""

    def seal(self, plain: bytes, endpoint_id: str, field: str) -> bytes:
        """Return it with its place, not as it is."""
        return f"{endpoint_id} {field}".encode() + b"\0" + plain[::-1]

    def open(self, sealed: bytes, endpoint_id: str, field: str) -> bytes:
        """Return it as it was; only in its place."""
        place, _, text = sealed.partition(b"\0")
        assert place == f"{endpoint_id} {field}".encode()
        return text[::-1]


class ScriptedSender:
    """Sends nothing, and answers what it was told to."""

    def __init__(self) -> None:
        self.answer = Answer(status=200, total_us=1_500)
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Answer:
        """Keep a request."""
        self.sent.append(request)
        return self.answer

    async def close(self) -> None:
        """Let nothing go."""


class Desk(NamedTuple):
    """The use cases; `changes` counts how often the loops were told to look."""

    hub: UseCases
    store: Webhooks
    sender: ScriptedSender
    endpoints: EndpointRegister
    deliveries: Deliveries
    replays: Replays
    callbacks: Callbacks
    receiver: Receiver
    trials: Trials
    published: PublishedKeys
    secrets: EndpointSecrets
    changes: list[int]

    async def make(self, owner: Principal = ANNA, **fields: Any) -> EndpointCreated:
        """Return a new endpoint."""
        return await self.endpoints.create(owner, NewEndpoint(**{"url": URL, **fields}))

    async def deliver(self, webhook_id: str, *offsets: int, **event: Any) -> Sequence[str]:
        """Make deliveries of events, as the dispatcher would; return their ids."""
        revision = (await self.store.registry()).revision
        cursor = (await self.store.cursors()).get("orders", 0)
        events = [told(offset, **event) for offset in offsets]
        bodies: list[Body] = [body_of(one, b"{}") for one in events]
        now_us = self.hub.clock.now_us()
        new = [
            NewDelivery(f"dl_{webhook_id}_{one.offset}", webhook_id, one.id, None, now_us)
            for one in events
        ]
        assert await self.store.dispatch(Step("orders", cursor, cursor, revision, bodies, new))
        return [one.id for one in new]

    async def lease(self) -> Sequence[Leased]:
        """Lease all that is due."""
        now_us = self.hub.clock.now_us()
        return await self.store.claim(Claim("w", now_us, now_us + 60_000_000, 100, "", _all))

    async def attempt(self, answer: Answer, /, **changes: Any) -> Sequence[Attempt]:
        """Send all that is due, as a worker would, with this answer."""
        now_us = self.hub.clock.now_us()
        leased = await self.lease()
        settled = partial(settle, exchange=Exchange(answer, now_us, 1.0, 5 * DAY_US))
        results = [
            Result(_attempt(one, answer, now_us, changes), one.delivery.token, settled)
            for one in leased
        ]
        return [one.attempt for one in await self.store.record(results) if one is not None]


def _attempt(one: Leased, answer: Answer, now_us: int, changes: Mapping[str, Any]) -> Attempt:
    fields = {
        "id": f"at_{one.delivery.id}_{one.delivery.token}",
        "delivery_id": one.delivery.id,
        "endpoint_id": one.endpoint.id,
        "event_id": one.body.event_id,
        "status": answer.status,
        **changes,
    }
    return attempt(answer.failure, at_us=now_us, **fields)


def _all(lanes: Sequence[Lane]) -> Sequence[Grant]:
    return [Grant(lane.endpoint.id, 100, lane.health) for lane in lanes]


def _check_url(url: str) -> str:
    """Return an address in its one form, which is small letters here."""
    if not url.lower().startswith("http"):
        raise InvalidFields([FieldError("$.url", "https://HOST/PATH", url)])
    return url.lower()


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """Build them on an empty log."""
    hub = await open_use_cases(folder)
    store, clock, secrets = hub.log.webhooks, hub.clock, EndpointSecrets(Shifted())
    checks = Checks(_check_url, encryption.check)
    changes: list[int] = []

    def changed() -> None:
        changes.append(clock.now_us())

    def build(leased: Leased, at_us: int) -> Request:
        keys = secrets.opened(leased.endpoint, at_us)
        body = leased.body
        headers = signing.sign(keys, body.event_id, at_us // 1_000_000, body.text)
        return Request(leased.endpoint.url, headers, body.text)

    readers = hub.history.readers
    sender = ScriptedSender()
    yield Desk(
        hub,
        store,
        sender,
        EndpointRegister(
            store, clock, secrets=secrets, checks=checks, readers=readers, changed=changed
        ),
        Deliveries(store, clock, readers),
        Replays(store, hub.log, clock, readers=readers, changed=changed),
        Callbacks(
            store, hub.log, clock, secrets=secrets, checks=checks, readers=readers, changed=changed
        ),
        Receiver(store, clock, secrets=secrets, is_on=True),
        Trials(store, sender, build, clock, Counter()),
        PublishedKeys(store, clock),
        secrets,
        changes,
    )
    await hub.publisher.close()
    await hub.log.close()
