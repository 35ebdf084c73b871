"""Callbacks (seed 1): one webhook for one end, registered before or after it.

A callback is an endpoint that the dispatcher fires at the event that tells the end. What was told
before it was registered the dispatcher passes over, so registering looks at the resource after it
has been committed: an end is seen by one of the two, and where both see it, the pair of endpoint
and event has one delivery.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from secrets import token_hex
from typing import NamedTuple

import msgspec

from hub.auth.policy import Deed, Verdict, judge
from hub.clock import Clock
from hub.errors import FieldError, InvalidFields, Overloaded, TooManyWebhooks
from hub.model.contract import shown
from hub.model.endpoint import Callback, Endpoint
from hub.model.event import JOBS, Event, encode
from hub.model.job_document import to_draft
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.model.timestamp import to_rfc3339
from hub.realtime.conflation import TERMINAL
from hub.realtime.filters import read_facts, word
from hub.stores.base import EventQuery, Store
from hub.stores.webhooks import DeliveryQuery, Step, Webhooks
from hub.webhooks.callback_forms import (
    CallbackRegistered,
    CallbacksView,
    CallbackView,
    NewCallback,
    State,
    Subject,
    subject_of,
)
from hub.webhooks.endpoint_reading import Checks
from hub.webhooks.endpoint_secrets import EndpointSecrets
from hub.webhooks.making import body_of, channel_of, delivery_of
from hub.webhooks.ownership import check_reader, is_seen
from hub.webhooks.settling import MADE

# Of one resource: of one principal, and of all.
MAX_OWN = 20
MAX_A_RESOURCE = 200
# Of one principal that wait, over all resources.
MAX_WAITING = 1_000
# The dispatcher moves cursors meanwhile; it does not do so a hundred times in a row.
_TRIES = 100

Readers = Callable[[str], Awaitable[Sequence[str] | None]]


class Registered(NamedTuple):
    """The answer, the endpoint behind it, and whether it was not there before."""

    answer: CallbackRegistered
    endpoint: Endpoint
    made: bool


class Callbacks:
    """The callbacks.

    Args:
        store: Where they are kept.
        log: What has ended already is read from it.
        clock: The wall time.
        secrets: Of their keys.
        checks: Of addresses.
        readers: Returns the roles that alone may read a channel.
        changed: Called when the dispatcher should look at the endpoints.
    """

    def __init__(
        self,
        store: Webhooks,
        log: Store,
        clock: Clock,
        *,
        secrets: EndpointSecrets,
        checks: Checks,
        readers: Readers,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._secrets = secrets
        self._checks = checks
        self._readers = readers
        self._changed = changed
        # Looked for, then added: two equal ones at the same time are one.
        self._adding = asyncio.Lock()

    async def register(self, principal: Principal, new: NewCallback) -> Registered:
        """Have an end told to an address; one that is there already is not doubled.

        Raises:
            InvalidFields: No resource, or two; an address that none may be.
            Forbidden: The principal may not read events.
            TooManyWebhooks: There are as many as may be.
            Overloaded: It is registered, but could not be fired; the same again settles it.
        """
        check_reader(principal)
        subject = subject_of(new.task_id, new.kind, new.id)
        new = self._checked(new)
        async with self._adding:
            known = await self._store.callbacks(subject.kind, subject.id, MAX_A_RESOURCE)
            own = [one for one in known if one.owner == principal.name]
            endpoint = next((one for one in own if _is_same(one, new)), None)
            made, secret = endpoint is None, None
            if endpoint is None:
                await self._check_room(principal, own, known)
                endpoint, secret = await self._add(principal, subject, new)
                own.append(endpoint)
        if endpoint.why != MADE:
            await self._fire_if_ended(endpoint, subject)
        self._changed()
        return Registered(self._answer(endpoint, subject, own, secret), endpoint, made)

    async def list(self, principal: Principal, subject: Subject) -> CallbacksView:
        """Return the callbacks of a resource that a principal is shown."""
        known = await self._store.callbacks(subject.kind, subject.id, MAX_A_RESOURCE)
        seen = [one for one in known if is_seen(principal, one.owner)]
        return CallbacksView(
            task_id=subject.task_id,
            kind=subject.kind,
            id=subject.id,
            callbacks=[_view(one) for one in seen],
            registered_callbacks=_waiting(seen),
            timestamp=to_rfc3339(self._clock.now_us()),
        )

    def _checked(self, new: NewCallback) -> NewCallback:
        """Return what is asked for, with the address in the form in which it is kept."""
        if not new.client_id.isprintable():
            expected = "printable characters"
            raise InvalidFields([FieldError("$.client_id", expected, shown(new.client_id))])
        return msgspec.structs.replace(new, callback_url=self._checks.url(new.callback_url))

    async def _check_room(
        self, principal: Principal, own: Sequence[Endpoint], known: Sequence[Endpoint]
    ) -> None:
        if len(own) >= MAX_OWN or len(known) >= MAX_A_RESOURCE:
            most = MAX_OWN if len(own) >= MAX_OWN else MAX_A_RESOURCE
            raise TooManyWebhooks(
                f"expected fewer than {most} callbacks of one resource, got as many"
            )
        endpoints = (await self._store.registry()).endpoints
        waiting = sum(one.callback is not None and one.owner == principal.name for one in endpoints)
        if waiting >= MAX_WAITING:
            raise TooManyWebhooks(
                f"expected fewer than {MAX_WAITING} callbacks that wait, got as many: remove those "
                "of resources that will not end"
            )

    async def _add(
        self, principal: Principal, subject: Subject, new: NewCallback
    ) -> tuple[Endpoint, str | None]:
        now_us = self._clock.now_us()
        endpoint_id = f"cb_{token_hex(12)}"
        key, secret = self._secrets.new_key(endpoint_id, "v1", now_us)
        endpoint = Endpoint(
            id=endpoint_id,
            reader=principal._replace(expires_us=None),
            url=new.callback_url,
            event_types=("*",),
            channels=(channel_of(subject.kind),),
            created_at_us=now_us,
            updated_at_us=now_us,
            keys=(key,),
            callback=Callback(subject.kind, subject.id, new.client_id),
        )
        return await self._store.add_endpoint(endpoint), secret

    async def _fire_if_ended(self, endpoint: Endpoint, subject: Subject) -> None:
        """Make the delivery of an end that was told before the callback was there."""
        event = await self._end(subject)
        if event is None:
            return
        deed = Deed(EVENTS_READ, event.channel, await self._readers(event.channel), event.owner)
        if judge(endpoint.reader, deed) is not Verdict.ALLOWED:
            return
        if await self._store.deliveries(DeliveryQuery(1, endpoint.id)):
            return
        now_us = self._clock.now_us()
        # In its lane: were the end told anew meanwhile, that is not sent beside it.
        new = delivery_of(endpoint, event, now_us)
        body = body_of(event, encode(event))
        for _ in range(_TRIES):
            registry = await self._store.registry()
            cursor = (await self._store.cursors()).get(event.channel, 0)
            # A step that goes nowhere: of a pair that has a delivery it makes none.
            step = Step(event.channel, cursor, cursor, registry.revision, [body], [new])
            if await self._store.dispatch(step):
                return
        raise Overloaded("expected a moment without other webhooks, got none: register it again")

    async def _end(self, subject: Subject) -> Event | None:
        """Return the event that tells that a resource has ended; None: it has not."""
        channel = channel_of(subject.kind)
        events = await self._log.events(EventQuery(channel, 1, key=subject.id))
        if events:
            return events[0] if _tells_end(events[0]) else None
        return await self._end_of_job(subject.id) if channel == JOBS else None

    async def _end_of_job(self, job_id: str) -> Event | None:
        """Return the same of a job whose events the log has forgotten."""
        job = await self._log.job(job_id)
        if job is None or job.status not in TERMINAL:
            return None
        draft = to_draft(job)
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{job.job_id} {job.revision}"))
        # No offset: as what it was in the log it is gone.
        return Event(
            JOBS, 0, name, draft.type, job.updated_at_us, job.owner, draft.data, job.job_id,
            volatile=True,
        )  # fmt: skip

    def _answer(
        self, endpoint: Endpoint, subject: Subject, own: Sequence[Endpoint], secret: str | None
    ) -> CallbackRegistered:
        callback = endpoint.callback
        return CallbackRegistered(
            task_id=subject.task_id,
            kind=subject.kind,
            id=subject.id,
            client_id=callback.client_id if callback else "",
            callback_url=endpoint.url,
            message=(
                f"✅ Callback registered! You'll receive HTTP POST to {endpoint.url} when "
                f"{subject.kind} {subject.id} completes."
            ),
            registered_callbacks=_waiting(own),
            timestamp=to_rfc3339(self._clock.now_us()),
            callback_id=endpoint.id,
            secret=secret,
        )


def _tells_end(event: Event) -> bool:
    status = word(read_facts(encode(event)), "status")
    return status is not None and status[1] in TERMINAL


def _is_same(endpoint: Endpoint, new: NewCallback) -> bool:
    callback = endpoint.callback
    if endpoint.state == "disabled" and endpoint.why != MADE:
        # It was given up: who asks again wants it anew.
        return False
    return callback is not None and (callback.client_id, endpoint.url) == (
        new.client_id,
        new.callback_url,
    )


def _waiting(some: Sequence[Endpoint]) -> int:
    return sum(one.state == "active" for one in some)


def _view(endpoint: Endpoint) -> CallbackView:
    return CallbackView(
        callback_id=endpoint.id,
        client_id=endpoint.callback.client_id if endpoint.callback else "",
        callback_url=endpoint.url,
        state=_state(endpoint),
        owner=endpoint.owner,
        registered_at=to_rfc3339(endpoint.created_at_us),
    )


def _state(endpoint: Endpoint) -> State:
    if endpoint.state == "active":
        return "registered"
    if endpoint.state == "paused":
        return "paused"
    return "delivered" if endpoint.why == MADE else "disabled"
