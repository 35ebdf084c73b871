"""Webhooks in a process: the loops that make and send deliveries, built together."""

import time
from collections.abc import Awaitable, Callable, Sequence

from hub.app.webhook_doors import WebhookParts
from hub.app.webhook_post import Post, open_post
from hub.clock import Clock
from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.services.publisher import Publisher
from hub.settings import Settings
from hub.stores.base import Store
from hub.webhooks.behind import Behind
from hub.webhooks.census import Census
from hub.webhooks.dispatcher import Dispatcher
from hub.webhooks.measures import Measures
from hub.webhooks.notices import Audit, Notices
from hub.webhooks.pace import Pace
from hub.webhooks.replaying import Replaying
from hub.webhooks.upkeep import DAY_US, Upkeep
from hub.webhooks.worker import Way, Worker

# So long after a commit this process counts as one that takes updates.
BUSY_S = 0.05
# Where this process commits, it hears of news at once; this is for those of the others.
SERVE_POLL_S = 0.5

Work = Callable[[], Awaitable[None]]


class Updates:
    """Says whether a process takes updates just now.

    Args:
        publisher: That takes them.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._last_s = float("-inf")

    def note(self) -> None:
        """Note that some were committed."""
        self._last_s = time.monotonic()

    def come(self) -> bool:
        """Say whether some wait, or were committed a moment ago."""
        return self._publisher.waiting > 0 or time.monotonic() - self._last_s < BUSY_S


class Webhooks:
    """What of a process makes and sends deliveries.

    Args:
        settings: How.
        log: The log, opened.
        clock: The wall time.
        publisher: Commits the alerts of endpoints.
        audit: Gets records of endpoints that are disabled.
        post: How deliveries leave.
        name: Of this process.
        serves: This process takes updates, too: those go first.

    Attributes:
        sends: Whether this process sends any.
        parts: What the doors need of it.
    """

    def __init__(
        self,
        settings: Settings,
        log: Store,
        clock: Clock,
        *,
        publisher: Publisher,
        audit: Audit,
        post: Post,
        name: str,
        serves: bool,
    ) -> None:
        store = log.webhooks
        self.sends = not serves or settings.send_webhooks == "serve"
        self._updates = Updates(publisher)
        pace = Pace(self._updates.come) if serves else Pace()
        disable_us = int(settings.webhook_disable_days * DAY_US)
        self.behind = Behind(store, settings.webhook_max_behind)
        outbox, board = AlertOutbox(publisher), Board(log)
        self.census = Census(
            store, clock, pace=pace, node=name, board=board, outbox=outbox, disable_us=disable_us
        )
        notices = Notices(audit, self.census.look)
        way = Way(name, post.sender, post.build, settings.webhook_concurrency, disable_us)
        self.worker = Worker(store, way, clock, pace, notices.kept)
        made = self.worker.wake
        self.dispatcher = Dispatcher(
            log,
            store,
            clock,
            pace=pace,
            poll_s=SERVE_POLL_S if serves else settings.head_poll_s,
            made=made,
        )
        self.replaying = Replaying(log, store, clock, pace=pace, made=made)
        self._upkeep = Upkeep(store, clock, pace=pace, keep_days=settings.webhook_keep_days)
        self.parts = WebhookParts(
            store, post.secrets, post.checks, post.sender, post.build, self.changed
        )
        self._post = post

    @property
    def measures(self) -> Measures:
        """Where the numbers are."""
        return Measures(self.worker.tallies, self.dispatcher, self.census, self.behind)

    def told(self) -> None:
        """Hear that events were committed."""
        self._updates.note()
        self.dispatcher.wake()

    def changed(self) -> None:
        """Hear that somebody has changed an endpoint, or wants something sent again."""
        self.dispatcher.changed()
        self.replaying.wake()
        self.worker.wake()

    def works(self) -> Sequence[Work]:
        """Return what is to run beside the clients, for ever."""
        if not self.sends:
            return ()
        loops = (self.dispatcher, self.worker, self.replaying, self._upkeep, self.census)
        return [loop.run for loop in loops]

    async def close(self, within_s: float) -> None:
        """Send no more; let finish what is under way."""
        await self.worker.close(within_s)
        await self._post.sender.close()


def serving(
    settings: Settings, log: Store, clock: Clock, publisher: Publisher, audit: Audit, name: str
) -> Webhooks:
    """Return those of a process that takes clients, too."""
    return Webhooks(
        settings,
        log,
        clock,
        publisher=publisher,
        audit=audit,
        post=open_post(settings, clock),
        name=name,
        serves=True,
    )
