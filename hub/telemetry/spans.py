"""Spans: what of the hub's work is told to OpenTelemetry, if anybody wants to know.

Three steps are ours: `publish` from the request to its commit, `deliver` of a write to many
sockets, `recover` of a client's catch-up. Sockets are never instrumented one by one: a span a frame
would cost more than the frame. Without an exporter nobody holds a `Spans`, and nothing is paid.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

Facts = Mapping[str, str | int]


class Span(Protocol):
    """A step that has begun."""

    @property
    def trace(self) -> str:
        """Return its traceparent; empty where it is not recorded."""
        ...

    def end(self, facts: Facts | None = None, *, failure: str = "") -> None:
        """End it, with what is known only now; a failure is the code of an error."""
        ...


class Spans(Protocol):
    """Where steps are told."""

    def publish(self, trace: str) -> Span:
        """Begin a publish, in the trace of the request or in one of its own."""
        ...

    def deliver(self, began_us: int, traces: Iterable[str], facts: Facts) -> None:
        """Tell of a write to many sockets, which ends now, by the traces of its events."""
        ...

    def recover(self, facts: Facts) -> Span:
        """Begin a catch-up."""
        ...

    async def close(self) -> None:
        """Tell what has not been told yet, for a second at most."""
        ...
