"""The numbers of webhooks, of a process that has sent none."""

from typing import Any

from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.webhooks.behind import Behind
from hub.webhooks.census import Census
from hub.webhooks.dispatcher import Dispatcher
from hub.webhooks.measures import Measures
from hub.webhooks.pace import Pace
from hub.webhooks.tallies import Tallies
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks


def measures() -> Measures:
    """Return them, all zero."""
    clock = FakeClock()
    nobody: Any = _Nobody()
    store = MemoryWebhooks(clock)
    dispatcher = Dispatcher(nobody, store, clock, pace=Pace(), poll_s=1, made=lambda: None)
    census = Census(
        store,
        clock,
        pace=Pace(),
        node="one",
        board=Board(nobody),
        outbox=AlertOutbox(nobody),
        disable_us=1,
    )
    return Measures(Tallies(), dispatcher, census, Behind(store, 100))


class _Nobody:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody is asked for {name}")
