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
from hub.webhooks.backlogs import Backlogs
from hub.webhooks.behind import Behind
from hub.webhooks.census import Census
from hub.webhooks.dispatcher import Dispatcher
from hub.webhooks.lockouts import Lockouts
from hub.webhooks.measures import Measures
from hub.webhooks.notices import Audit, Notices
from hub.webhooks.pace import Pace
from hub.webhooks.replaying import Replaying
from hub.webhooks.unclaimed import Unclaimed
from hub.webhooks.upkeep import DAY_US, Upkeep
from hub.webhooks.worker import Way, Worker

# Above so many updates a second a process has no time to give away without a look at what is left:
# a tenth of what it takes at most. Below, webhooks slow nobody down.
RUSH_PER_S = 300
LOOK_S = 0.1
WAITING = 4
# Where this process commits, it hears of news at once; this is for those of the others.
SERVE_POLL_S = 0.5

Work = Callable[[], Awaitable[None]]


class Updates:
    """Says whether a process takes many updates just now.

    Args:
        publisher: That takes them.
        now_s: A clock that never steps back.
    """

    def __init__(self, publisher: Publisher, now_s: Callable[[], float] = time.monotonic) -> None:
        self._publisher = publisher
        self._now_s = now_s
        self._began_s = now_s()
        self._count = self._before = 0

    def note(self, count: int) -> None:
        """Note that so many were committed."""
        self._turn()
        self._count += count

    def come(self) -> bool:
        """Say whether many wait, or were committed a moment ago."""
        self._turn()
        return (
            self._publisher.waiting > WAITING
            or max(self._before, self._count) > RUSH_PER_S * LOOK_S
        )

    def _turn(self) -> None:
        """Count anew, ten times a second."""
        past_s = self._now_s() - self._began_s
        if past_s >= LOOK_S:
            self._before = self._count if past_s < 2 * LOOK_S else 0
            self._count = 0
            self._began_s += past_s


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
        lockouts: Hears who is refused by name.
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
        self._backlogs = Backlogs(log, store, clock, pace=pace, made=made)
        self._upkeep = Upkeep(store, clock, pace=pace, keep_days=settings.webhook_keep_days)
        self.parts = WebhookParts(
            store, post.secrets, post.checks, post.sender, post.build, self.changed
        )
        self.lockouts = Lockouts(store, clock, self.changed)
        # A process without clients may not know how they are let in.
        required = serves and settings.auth_required
        self._unclaimed = Unclaimed(store, clock, required=required)
        self._post = post

    @property
    def measures(self) -> Measures:
        """Where the numbers are."""
        return Measures(self.worker.tallies, self.dispatcher, self.census, self.behind)

    def told(self, count: int = 0) -> None:
        """Hear that events were committed, so many of them by this process."""
        self._updates.note(count)
        self.dispatcher.wake()

    def changed(self) -> None:
        """Hear that somebody has changed an endpoint, or wants something sent again."""
        self.dispatcher.changed()
        self.replaying.wake()
        self._backlogs.wake()
        self.worker.wake()

    def works(self) -> Sequence[Work]:
        """Return what is to run beside the clients, for ever."""
        if not self.sends:
            return (self.lockouts.run, self._unclaimed.run)
        sending = (self.dispatcher, self.worker, self.replaying, self._backlogs)
        loops = (*sending, self._upkeep, self.census)
        first = self._unclaimed.first
        return [self.lockouts.run, self._unclaimed.run, *(first(loop.run) for loop in loops)]

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
