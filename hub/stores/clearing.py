"""What every store promises of what was held; `tests/contracts/test_webhooks*.py` hold them to it.

An endpoint that takes deliveries again may have a million that were held. They are sent, or
cancelled, a page at a time, oldest first, and what comes meanwhile is held behind them: so nobody
overtakes, no transaction is long, and whoever is killed leaves it to the next one.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from hub.model.endpoint import Endpoint


class Clear(NamedTuple):
    """One page of what is held at an endpoint that clears it.

    Attributes:
        limit: Deliveries at most.
        now_us: When those are due that are sent, unless they were before.
        may_read: Whether an endpoint may still have an event of a channel and an owner; pure, asked
            inside the transaction.
    """

    endpoint_id: str
    limit: int
    now_us: int
    may_read: Callable[[Endpoint, str, str], bool]


class Cleared(NamedTuple):
    """What became of a page.

    Attributes:
        sent: Deliveries that wait to be sent now.
        cancelled: Deliveries that are over.
        done: Nothing is held any more: what comes from now on is sent at once.
    """

    sent: int
    cancelled: int
    done: bool


class Held(Protocol):
    """The deliveries that are held, for those who have them sent at last."""

    async def clear_held(self, clear: Clear) -> Cleared | None:
        """Send or cancel a page, as the endpoint's `clearing` says; None: it does not clear.

        In the order in which they were made: in a lane the first is pending, unless one is before
        it, the others are queued. The page that finds nothing more ends the clearing, in the same
        transaction, and no step of the dispatcher that was chosen before is taken afterwards.
        """
        ...
