"""The sender: one request to one address, with whatever comes of it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hub.model.delivery import Failure

# Wall clock over the whole exchange, from the look-up of the name to the answer's last byte.
DEADLINE_S = 15.0
MAX_ANSWER = 16 * 1024


class Request(NamedTuple):
    """What is sent, by POST.

    Attributes:
        headers: Also content-type and the signature's; none is added but host, length,
            accept-encoding and hub-hop.
    """

    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class Answer(NamedTuple):
    """What came of a request; times are microseconds, see `model.delivery.Attempt`.

    Attributes:
        failure: None for 200 to 299 alone.
        detail: One line for people, without anything of the answer's body.
        retry_after_s: What the answer asked for, seconds from now; None: nothing it could mean.
        body: Its first 16 KiB.
        body_bytes: How many came until it ended or was cut.
    """

    status: int | None = None
    failure: Failure | None = None
    detail: str = ""
    address: str = ""
    dns_us: int | None = None
    connect_us: int | None = None
    first_byte_us: int | None = None
    total_us: int = 0
    retry_after_s: float | None = None
    body: bytes = b""
    body_bytes: int = 0


class Unsendable(Exception):
    """No request can be made of a delivery; the text says why, and holds nothing secret."""


class Sender(Protocol):
    """Sends requests to addresses that may be dialled, and nowhere else."""

    async def send(self, request: Request) -> Answer:
        """Send one; return within the deadline, whatever the other side does. Never raises."""
        ...

    async def close(self) -> None:
        """Let its connections go."""
        ...
