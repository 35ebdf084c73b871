"""Heads: what this node knows, compared with what the log holds.

News can be lost: a process dies between its commit and its announcement, the broker is away, the
disk answered too late. No later event may ever show such a hole. So every node looks into the log
now and then, always, not only when something seems wrong (docs/architecture.md).
"""

import asyncio
from collections.abc import Callable, Mapping

from hub.errors import LogWentBack
from hub.model.unit import Head
from hub.stores.base import Log
from hub.telemetry.logging import logger

_REMEDY = "stop all nodes, run `hub log new-epoch`, start them"

CatchUp = Callable[[Mapping[str, Head]], None]


class Heads:
    """Looks into the log and has this node catch up.

    Args:
        log: Whose heads are the truth.
        catch_up: Called with heads that this node must reach.
        reached: Tells the heads that this node has reached.
        every_s: Seconds between two looks.
        learn: Called with heads at once, of which only the definitions count.
    """

    def __init__(
        self,
        log: Log,
        catch_up: CatchUp,
        *,
        reached: Callable[[], Mapping[str, int]],
        every_s: float,
        learn: CatchUp | None = None,
    ) -> None:
        self._log_lines = logger("heads")
        self._log = log
        self._catch_up = catch_up
        self._reached = reached
        self._learn = learn
        self._every_s = every_s
        self._asked = asyncio.Event()
        self._seen: Mapping[str, Head] = {}
        self._gone: Mapping[str, int] = {}
        self._went_back = ""

    def look_now(self) -> None:
        """Do not wait for the next look: news may have been missed."""
        self._asked.set()

    def check(self) -> None:
        """Return while every event that this node has known is in the log.

        Raises:
            LogWentBack: Some are gone, since the start; also when their offsets are taken again.
        """
        if self._went_back:
            raise LogWentBack(self._went_back)

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            at_once = await self._wait()
            try:
                await self.look(at_once=at_once)
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: the log that cannot be read now can be read later.
                self._log_lines.exception("the heads cannot be read")

    async def look(self, *, at_once: bool) -> None:
        """Have this node reach what the log holds.

        Not at once, it reaches what the log held at the look before: an event that this node has
        committed a moment ago is on its way already, and needs no second one through the log.
        """
        reached = self._reached()
        heads = (await self._log.state()).heads
        self._compare(reached, heads)
        if self._learn is not None:
            self._learn(heads)
        self._catch_up(heads if at_once else self._seen)
        self._seen = heads

    def _compare(self, reached: Mapping[str, int], heads: Mapping[str, Head]) -> None:
        """Say it when committed events are gone: their offsets are given again, to others.

        So it is after a failover to a standby that lacked the last commits, or a restore under
        a running node. Clients take the new events for old ones until there is a new epoch.
        """
        has = {name: heads.get(name, Head()).offset for name in reached}
        gone = {name: had for name, had in reached.items() if had > has[name]}
        if gone and gone != self._gone:
            there = {name: has[name] for name in gone}
            self._log_lines.error(f"the log went back: {_REMEDY}", had=gone, has=there)
            name, had = next(iter(gone.items()))
            self._went_back = f"expected {name} to reach {had}, got {has[name]}: {_REMEDY}"
        self._gone = gone

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(self._every_s):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True
