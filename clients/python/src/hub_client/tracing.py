"""Which trace a request belongs to: W3C Trace Context, sent as `traceparent`.

The hub carries it in the events that the request makes, as `event.trace`. It is what `traced` says,
else OpenTelemetry's current span where the program uses OpenTelemetry; else there is none.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_FORM = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]*)?")
_SAID: ContextVar[str] = ContextVar("hub_client_traceparent", default="")


@contextmanager
def traced(traceparent: str | None) -> Iterator[None]:
    """Let what is sent meanwhile belong to a trace, whichever client sends it.

    >>> with traced("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
    ...     pass  # client.send_contract(...)

    Args:
        traceparent: Of the request or the event that is dealt with. None, or a text that is none,
            says nothing: a trace is no reason for a failure.
    """
    said = traceparent if traceparent and _FORM.fullmatch(traceparent) else ""
    before = _SAID.set(said)
    try:
        yield
    finally:
        _SAID.reset(before)


def current() -> dict[str, str]:
    """Return the headers that say to which trace a request belongs; none where to none."""
    told = _SAID.get() or _of_opentelemetry()
    return {"traceparent": told} if told else {}


def _of_opentelemetry() -> str:
    # Whoever uses it has loaded it; nobody else must pay for that.
    module: Any = sys.modules.get("opentelemetry.trace")
    if module is None:
        return ""
    context = module.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
