"""Working: a process without clients, which makes and sends the deliveries of webhooks."""

import socket
from collections.abc import Callable, Sequence
from functools import partial

from hub.app.watch import watch_worker
from hub.app.webhook_post import open_post
from hub.app.webhooks import Webhooks
from hub.brokers.base import Broker, Live, News, Presence
from hub.clock import Clock
from hub.model.event import Event, new_epoch
from hub.readings import WorkerReadings
from hub.realtime.background import Background
from hub.services.auditor import Auditor
from hub.services.presence import WORKER, Nodes
from hub.services.publisher import Publisher
from hub.settings import Settings
from hub.stores.base import LogState, Store
from hub.telemetry.logging import logger
from hub.telemetry.metrics import MEDIA_TYPE, Exposition
from hub.transports.scrape import Scrape

# For what it has still to say of itself when it stops.
LAST_WORDS_S = 1.0


class Working:
    """One `hub work`: everything that lives from start to stop.

    Args:
        settings: How.
        log: The log; closed by `stop`.
        clock: The wall time.
        broker: Tells of news, and the nodes of this process.
        scraped: Where its numbers can be read; None: nowhere.

    Attributes:
        name: Of this process, as its attempts say it.
    """

    def __init__(
        self,
        settings: Settings,
        log: Store,
        *,
        clock: Clock,
        broker: Broker,
        scraped: socket.socket | None = None,
    ) -> None:
        self.name = f"{WORKER}{new_epoch()}"
        self._settings = settings
        self._log = log
        self._clock = clock
        self._broker = broker
        self._scraped = scraped
        self._scrape: Scrape | None = None
        self._background = Background(logger("hub"))

    async def start(self) -> None:
        """Open the log, hear the news, and begin to send."""
        settings, log, clock = self._settings, self._log, self._clock
        await log.open()
        state = await log.state()
        log_id = f"{state.log_id}.{state.epoch}"

        def tell(events: Sequence[Event]) -> None:
            self._broker.announce(News(log_id, self.name, events))

        self._publisher = Publisher(log, tell, max_waiting=settings.max_waiting_updates)
        self._auditor = Auditor(log.audit, clock, self.name)
        self._webhooks = Webhooks(
            settings,
            log,
            clock,
            publisher=self._publisher,
            audit=self._auditor,
            post=open_post(settings, clock),
            name=self.name,
            serves=False,
        )
        self._alerts = watch_worker(
            settings, log, clock, self._publisher, self.name, self._webhooks.measures
        )
        await self._join(log_id, state)
        alerts = (self._alerts.watch, self._alerts.write)
        for work in (self._auditor.run, *alerts, *self._webhooks.works()):
            self._background.spawn(work())
        await self._show()

    async def _show(self) -> None:
        """Let the numbers be read."""
        if self._scraped is None:
            return
        readings = WorkerReadings(
            self._broker.health,
            self._publisher,
            self._auditor,
            self._alerts,
            self._webhooks.measures,
        )
        self._scrape = Scrape(self._scraped, Exposition(readings.now).text, MEDIA_TYPE)
        await self._scrape.open()

    async def stop(self, within_s: float) -> None:
        """Finish what is under way, within so many seconds, give the rest back, close the log."""
        await self._webhooks.close(max(0.0, within_s - LAST_WORDS_S))
        await self._alerts.leave(LAST_WORDS_S)
        await self._publisher.close()
        await self._auditor.flush(at_end=True)
        self._nodes.leave()
        self._stop_listening()
        await self._broker.close()
        await self._background.close()
        if self._scrape is not None:
            await self._scrape.close()
        await self._log.close()

    async def _join(self, log_id: str, state: LogState) -> None:
        """Become known to the nodes of this log, and hear what they commit."""
        self._nodes = Nodes(
            log_id, self.name, live=_nobody, tell=self._broker.greet, clock=self._clock
        )
        follow = partial(self._broker.follow, log_id)
        for channel in state.heads:
            follow(channel)
        ears = _Ears(self._nodes, self._webhooks.told)
        self._stop_listening = await self._broker.listen(log_id, ears)
        if self._settings.redis_url is not None:
            self._background.spawn(self._nodes.run())


class _Ears:
    """What it does with what the nodes say: whatever they have committed is in the log."""

    def __init__(self, nodes: Nodes, told: Callable[[], None]) -> None:
        self._nodes = nodes
        self._told = told

    def hear(self, _news: News) -> None:
        """Look into the log."""
        self._told()

    def meet(self, presence: Presence) -> None:
        """Note who is there."""
        self._nodes.meet(presence)

    def resumed(self) -> None:
        """Look into the log for what was said meanwhile."""
        self._told()


def _nobody() -> Live:
    return Live(0, {}, 0)
