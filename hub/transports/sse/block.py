"""The block: one event of a stream as text (WHATWG HTML, 9.2.6), and what the hub says besides."""

from hub.errors import HubError
from hub.transports.http.answer import problem

# A comment; some proxies and old browsers wait for a line that is no event's.
COMMENT = b":\n"


def block(payload: bytes, place: str, name: str = "") -> bytes:
    """Return a block.

    JSON that the hub writes has no line breaks, but this must not depend on it: whoever brings
    one into a payload would write events of his own. Readers join the lines again.

    Args:
        payload: JSON.
        place: Where the reader stands after it; empty when that is not to change.
        name: Type of the event in the browser; `message` unless it is given.
    """
    data = payload
    if b"\n" in payload or b"\r" in payload:
        data = b"\ndata: ".join(payload.splitlines())
    head = f"event: {name}\n" if name else ""
    if place:
        head += f"id: {place}\n"
    return b"%bdata: %b\n\n" % (head.encode(), data)


def retry(wait_ms: int) -> bytes:
    """Return the line that says how long to wait before the next connection.

    No empty line follows: some readers would take it for an event without data.
    """
    return b"retry: %d\n" % wait_ms


def farewell(failure: HubError, place: str = "") -> bytes:
    """Return the last block: when to come back, and the problem document.

    Where others were before it, it moves nobody: some of them may have been dropped.
    """
    wait_ms = failure.retry_after_ms or (failure.retry_after_s or 0) * 1000
    return (retry(wait_ms) if wait_ms else b"") + block(problem(failure), place, "error")
