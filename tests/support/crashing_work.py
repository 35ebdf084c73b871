"""A `hub work` that kills itself at a step of a delivery: `python -m support.crashing_work`.

CRASH_AT names the step, CRASH_AFTER how often it is passed unharmed. What it had leased is free
again after a second, not after a minute.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from hub.cli import main
from hub.stores.postgres.webhooks import PostgresWebhooks
from hub.stores.sqlite_webhooks import SqliteWebhooks
from hub.webhooks import backlogs, leases
from hub.webhooks.sending import HttpSender
from support.crashing import Fuse

_STORES = (SqliteWebhooks, PostgresWebhooks)
# By step: whose method, and on which side of it.
STEPS: dict[str, tuple[tuple[type, ...], str, bool]] = {
    "before deliveries are made": (_STORES, "dispatch", True),
    "when deliveries have been made": (_STORES, "dispatch", False),
    "before they are leased": (_STORES, "claim", True),
    "when they have been leased": (_STORES, "claim", False),
    "before one is sent": ((HttpSender,), "send", True),
    "when one has been answered": ((HttpSender,), "send", False),
    "before attempts are kept": (_STORES, "record", True),
    "when attempts have been kept": (_STORES, "record", False),
}
# Of an endpoint that goes on with what was held.
HELD_STEPS: dict[str, tuple[tuple[type, ...], str, bool]] = {
    "before held ones are sent": (_STORES, "clear_held", True),
    "when a page of them is on its way": (_STORES, "clear_held", False),
}


def burning(method: Callable[..., Any], fuse: Fuse, *, before: bool) -> Callable[..., Any]:
    """Return the method, with the fuse on one side of it."""

    @functools.wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        if before:
            fuse.burn()
        result = await method(*args, **kwargs)
        # A look that found nothing is no step.
        if not before and result:
            fuse.burn()
        return result

    return call


def lay(step: str, fuse: Fuse) -> None:
    """Put the fuse at the step, on both stores."""
    owners, name, before = {**STEPS, **HELD_STEPS}[step]
    for owner in owners:
        setattr(owner, name, burning(getattr(owner, name), fuse, before=before))


if __name__ == "__main__":
    leases.LEASE_S, leases.MARGIN_S = 1.0, 0.0
    backlogs.PAGE = 2
    lay(os.environ["CRASH_AT"], Fuse(int(os.environ["CRASH_AFTER"])))
    main()
