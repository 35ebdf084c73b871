"""W3C Trace Context: the header `traceparent`, read, made and handed on.

https://www.w3.org/TR/trace-context/, levels 1 and 2. A header that is wrong is as good as none: a
trace must never be the reason for a refusal (3.2.2.3, 4.3). `tracestate` is not carried.
"""

import re
from contextvars import ContextVar
from random import getrandbits
from typing import NamedTuple, Self

SAMPLED = 0x01
RANDOM = 0x02
# What of the flags has a meaning; the others must be zero in what we say (3.2.2.5.3).
_KNOWN_FLAGS = SAMPLED | RANDOM
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
_FORBIDDEN = "ff"
_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)

# The traceparent of the request that is being answered, empty where it has none. Set at the edge,
# read where a unit joins its group: the use cases between them have no business with it.
INCOMING: ContextVar[str] = ContextVar("hub_incoming_traceparent", default="")


class TraceParent(NamedTuple):
    """Where something stands in a trace.

    Attributes:
        trace_id: 32 lower-case hexadecimal digits, not all zero.
        span_id: 16 of them: the step that asks, the parent of what is done for it.
        flags: Whether the caller records the trace (`SAMPLED`), and whether its id is random.
    """

    trace_id: str
    span_id: str
    flags: int = SAMPLED

    @classmethod
    def parse(cls, header: str) -> Self | None:
        """Read a header; None where it is none.

        What a later version says is read as far as this one knows it, and told on as version 00.
        """
        found = _HEADER.fullmatch(header)
        if found is None:
            return None
        version, trace_id, span_id, flags, more = found.groups()
        if version == _FORBIDDEN or trace_id == _NO_TRACE or span_id == _NO_SPAN:
            return None
        if version == "00" and more is not None:
            return None
        return cls(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS)

    @classmethod
    def new(cls) -> Self:
        """Begin a trace, recorded, with random ids."""
        # Zero is one of 2^128, and no id.
        return cls(f"{getrandbits(128) or 1:032x}", _new_span_id(), SAMPLED | RANDOM)

    def child(self) -> Self:
        """Return a step below this one, in the same trace."""
        return self._replace(span_id=_new_span_id())

    @property
    def is_sampled(self) -> bool:
        """Say whether the caller records the trace."""
        return bool(self.flags & SAMPLED)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def _new_span_id() -> str:
    return f"{getrandbits(64) or 1:016x}"
