"""Matching: which endpoints an event goes to, as a function of values.

What an endpoint asks for and what its reader may see is worked out once a revision of the registry,
a channel and a type; an event then costs a look by its type and, where somebody has a filter, by
its values. An endpoint gets what its reader would get on a socket.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from hub.auth.policy import Deed, Verdict, judge, owner_shown
from hub.errors import InvalidCommand
from hub.model.delivery import Body, NewDelivery
from hub.model.endpoint import Endpoint, Registry
from hub.model.event import Event, encode
from hub.model.pattern import is_like
from hub.model.scope import EVENTS_READ
from hub.model.unit import Head
from hub.realtime import filters
from hub.realtime.conflation import TERMINAL
from hub.realtime.filters import Facts, Filter, Index, read_facts, word
from hub.webhooks.making import body_of, channel_of, delivery_of

Readers = Sequence[str] | None
# Plans of types that were seen; whoever invents types must not be able to fill the memory.
_MAX_TYPES = 1_000
# Of all channels: ten thousand endpoints and a thousand channels would take a gigabyte.
_MAX_WISHES = 200_000
# Lets nothing through.
_NOTHING = Filter((("type", frozenset()),))


class Matched(NamedTuple):
    """What becomes of some events.

    Attributes:
        to: Offset of the last one that was looked at.
    """

    to: int
    bodies: Sequence[Body]
    deliveries: Sequence[NewDelivery]


class _Wish(NamedTuple):
    """An endpoint that wants something of a channel, behind an offset."""

    endpoint: Endpoint
    after: int


class _Plan:
    """Who gets the events of one type: whoever wants them all, and who by their fields."""

    __slots__ = ("_by_filter", "_index", "all")

    def __init__(self, wishes: Iterable[tuple[_Wish, Filter | None]]) -> None:
        self.all: list[_Wish] = []
        self._by_filter: dict[Filter, list[_Wish]] = {}
        self._index = Index()
        for wish, where in wishes:
            if where is None:
                self.all.append(wish)
                continue
            self._by_filter.setdefault(where, []).append(wish)
            self._index.add(where)

    def wishes(self, facts: Callable[[], Facts]) -> Iterator[_Wish]:
        """Yield who gets an event; its fields are read only where somebody asks for them."""
        yield from self.all
        if self._by_filter:
            for where in self._index.matching(facts()):
                yield from self._by_filter[where]


class _Channel:
    """Who may read a channel and wants something of it.

    Attributes:
        begins: The offset up to which nobody wants anything; None: nobody wants anything at all.
    """

    def __init__(self, channel: str, endpoints: Sequence[Endpoint], readers: Readers) -> None:
        self.readers = readers
        self._channel = channel
        some = [
            _Wish(endpoint, endpoint.starts.get(channel, 0))
            for endpoint in endpoints
            if _may_read(endpoint, channel, readers)
        ]
        self._wishes = [(wish, _narrowed(wish, channel)) for wish in some if _wants(wish, channel)]
        self._callbacks: dict[str, list[_Wish]] = {}
        for wish in some:
            callback = wish.endpoint.callback
            if callback is not None and channel_of(callback.kind) == channel:
                self._callbacks.setdefault(callback.subject, []).append(wish)
        self._plans: dict[str, _Plan] = {}
        of_callbacks = (wish for each in self._callbacks.values() for wish in each)
        wanting = (*(wish for wish, _ in self._wishes), *of_callbacks)
        self.begins = min((wish.after for wish in wanting), default=None)

    def wishes(self, event: Event, text: Callable[[], bytes]) -> Iterator[_Wish]:
        """Yield who gets an event."""
        read: list[Facts] = []

        def facts() -> Facts:
            if not read:
                read.append(read_facts(text(), event.owner))
            return read[0]

        for wish in self._plan(event.type).wishes(facts):
            if event.offset > wish.after:
                yield wish
        for wish in self._callbacks.get(event.key, ()):
            shown = owner_shown(wish.endpoint.reader, event.channel) in {None, event.owner}
            if shown and event.offset > wish.after and _has_ended(facts()):
                yield wish

    def _plan(self, type_: str) -> _Plan:
        plan = self._plans.get(type_)
        if plan is None:
            if len(self._plans) >= _MAX_TYPES:
                self._plans.clear()
            plan = self._plans[type_] = _Plan(
                each
                for each in self._wishes
                if any(is_like(type_, pattern) for pattern in each[0].endpoint.event_types)
            )
        return plan


class Matcher:
    """Chooses endpoints for events.

    Args:
        registry: All endpoints, as of one revision.
    """

    def __init__(self, registry: Registry) -> None:
        self.revision = registry.revision
        self._endpoints = registry.endpoints
        self._channels: dict[str, _Channel] = {}
        self._wishes = 0

    @property
    def is_idle(self) -> bool:
        """Say whether there is no endpoint at all."""
        return not self._endpoints

    def begins(self, channel: str, readers: Readers) -> int | None:
        """Return the offset up to which nobody wants anything of a channel; None: nothing of it."""
        return self._of(channel, readers).begins

    def match(self, events: Sequence[Event], readers: Readers, now_us: int, most: int) -> Matched:
        """Return what becomes of events of one channel, in the order of the log.

        Args:
            events: Tests and volatile ones go nowhere.
            readers: The roles that alone may read that channel.
            now_us: When the deliveries are due.
            most: Deliveries, unless the first event has more: the rest is for the next step.
        """
        bodies: list[Body] = []
        deliveries: list[NewDelivery] = []
        to = 0
        for event in events:
            text = _Text(event)
            new = [
                delivery_of(endpoint, event, now_us)
                for endpoint in self._endpoints_of(event, readers, text)
            ]
            if deliveries and len(deliveries) + len(new) > most:
                break
            to = event.offset
            if new:
                deliveries += new
                bodies.append(body_of(event, text()))
        return Matched(to, bodies, deliveries)

    def _endpoints_of(
        self, event: Event, readers: Readers, text: Callable[[], bytes]
    ) -> Iterator[Endpoint]:
        """Yield the endpoints that an event goes to."""
        if event.volatile or not event.offset:
            return
        for endpoint, _ in self._of(event.channel, readers).wishes(event, text):
            yield endpoint

    def _of(self, channel: str, readers: Readers) -> _Channel:
        found = self._channels.get(channel)
        if found is None or found.readers != readers:
            self._wishes += len(self._endpoints)
            if self._wishes > _MAX_WISHES:
                self._channels.clear()
                self._wishes = len(self._endpoints)
            found = self._channels[channel] = _Channel(channel, self._endpoints, readers)
        return found


class _Text:
    """The JSON object of an event, made when it is asked for, once."""

    def __init__(self, event: Event) -> None:
        self._event = event

    def __call__(self) -> bytes:
        return self._made

    @cached_property
    def _made(self) -> bytes:
        return encode(self._event)


def _wants(wish: _Wish, channel: str) -> bool:
    endpoint = wish.endpoint
    if endpoint.callback is not None:
        return False
    return not endpoint.channels or any(is_like(channel, each) for each in endpoint.channels)


def _may_read(endpoint: Endpoint, channel: str, readers: Readers) -> bool:
    """Say whether an endpoint's reader may have something of a channel."""
    return judge(endpoint.reader, Deed(EVENTS_READ, channel, readers)) is Verdict.ALLOWED


def _narrowed(wish: _Wish, channel: str) -> Filter | None:
    """Return an endpoint's filter, which lets through no more than its reader is shown."""
    try:
        where = filter_of(wish.endpoint)
    except (InvalidCommand, msgspec.DecodeError):
        # It was looked at before it was kept; one that is broken must not stop all others.
        return _NOTHING
    owner = owner_shown(wish.endpoint.reader, channel)
    return where if owner is None else filters.owned(where, owner)


def may_have(endpoint: Endpoint, body: Body, readers: Readers) -> bool:
    """Say whether an endpoint's reader may still read what was chosen for it."""
    return may_read(endpoint, body.channel, body.owner, readers)


def may_read(endpoint: Endpoint, channel: str, owner: str, readers: Readers) -> bool:
    """Say the same of an event of a channel and an owner."""
    deed = Deed(EVENTS_READ, channel, readers, owner)
    return judge(endpoint.reader, deed) is Verdict.ALLOWED


def readers_of(head: Head | None) -> Readers:
    """Return the roles that alone may read a channel; None: whoever may read."""
    return None if head is None or head.definition is None else head.definition.readers


def filter_of(endpoint: Endpoint) -> Filter | None:
    """Return what an endpoint has written down under `where`; None: nothing.

    Raises:
        InvalidCommand: That is no filter; it is looked at before it is kept.
    """
    return filters.parse(msgspec.json.decode(endpoint.where)) if endpoint.where else None


def _has_ended(facts: Facts) -> bool:
    status = word(facts, "status")
    return status is not None and status[1] in TERMINAL
