"""The watch: what a node notes of its deliveries, for its journal and for OpenTelemetry."""

from collections import OrderedDict
from collections.abc import Sequence

from hub.clock import SystemClock
from hub.model.event import Event
from hub.realtime.audience import Delivery
from hub.realtime.feed import Feed
from hub.realtime.frames import Batch
from hub.realtime.volatile import VolatileFeed
from hub.telemetry.journal import Journal, runs
from hub.telemetry.spans import Facts, Span, Spans

# Each feed that had something to write, and what was written.
Flushed = Sequence[tuple[Feed | VolatileFeed, Sequence[Delivery]]]
# Traces of events that wait for their write: far more than there are in a tick.
_MAX_TRACES = 10_000


class Watch:
    """Notes.

    Args:
        journal: Gets a line a write.
        spans: Gets a span a write that carries a trace; None: nobody wants them.
    """

    def __init__(self, journal: Journal | None = None, spans: Spans | None = None) -> None:
        self.journal = Journal(SystemClock()) if journal is None else journal
        self._spans = spans
        self._traces: OrderedDict[tuple[str, int], tuple[str, int]] = OrderedDict()

    def coming(self, events: Sequence[Event]) -> None:
        """Remember the traces of events that will be written."""
        if self._spans is None:
            return
        at_us = self.journal.now_us()
        for event in events:
            if event.trace and event.offset:
                self._traces[event.channel, event.offset] = (event.trace, at_us)
        while len(self._traces) > _MAX_TRACES:
            self._traces.popitem(last=False)

    def heard(self, events: Sequence[Event]) -> None:
        """Note what another node told of; its events are of one channel."""
        self.journal.heard(events[0].channel, [event.offset for event in events])
        self.coming(events)

    def wrote(self, flushed: Flushed) -> None:
        """Note what has been written; those who were set back have not pulled yet."""
        for feed, due in flushed:
            if isinstance(feed, VolatileFeed):
                continue
            for batch, outlets in due:
                self._note(feed.channel, batch, len(outlets))
            if feed.set_back is not None:
                after, clients = feed.set_back
                at_us = self.journal.now_us()
                self.journal.wrote((feed.channel, after + 1, feed.flushed, at_us, clients))
        if self._spans is not None and self._traces:
            self._tell(self._spans, flushed)

    def recover(self, facts: Facts) -> Span | None:
        """Begin the span of a catch-up, if anybody wants it."""
        return None if self._spans is None else self._spans.recover(facts)

    def _note(self, channel: str, batch: Batch, clients: int) -> None:
        frames, at_us = batch.frames, self.journal.now_us()
        first, last = frames[0].offset, frames[-1].offset
        if first and last - first == len(frames) - 1:
            self.journal.wrote((channel, first, last, at_us, clients))
            return
        for run in runs(frame.offset for frame in frames):
            self.journal.wrote((channel, *run, at_us, clients))

    def _tell(self, spans: Spans, flushed: Flushed) -> None:
        heads = {feed.channel: feed.flushed for feed, _ in flushed if isinstance(feed, Feed)}
        told = [place for place in self._traces if place[1] <= heads.get(place[0], 0)]
        if told:
            traces = [self._traces.pop(place) for place in told]
            clients = sum(len(outlets) for _, due in flushed for _, outlets in due)
            facts: Facts = {"hub.channel": told[0][0], "hub.clients": clients}
            spans.deliver(min(at_us for _, at_us in traces), [one for one, _ in traces], facts)
