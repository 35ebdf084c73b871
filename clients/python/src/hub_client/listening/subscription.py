"""One channel of a feed: what it has seen, and what it asks the hub for."""

from enum import Enum, auto
from typing import Any

from hub_client.listening.frames import Page, Push, Subscribed
from hub_client.listening.wants import Wants
from hub_client.position import Stand

VOLATILE = "volatile"
"""Why a channel that keeps no events cannot be resumed: none were promised, so none are lost."""


class Verdict(Enum):
    """What to do with an event."""

    NEXT = auto()
    SEEN = auto()
    HOLE = auto()


class Subscription:
    """The rules of one channel.

    It is *asked* (a subscribe is on its way), then *live*. What arrives while
    it is not live belongs to an earlier subscribe and is dropped: the hub
    replays everything after the offset that was asked for.
    """

    def __init__(self, channel: str, wants: Wants) -> None:
        self.channel = channel
        self.stand = wants.since.stands.get(channel)
        """The newest event that was seen; None until the hub first answers."""
        self.head = 0
        """The newest offset that the hub is known to have."""
        self.live = False
        self._wants = wants
        self._reloading = self.stand is None and wants.snapshot
        self._asked: str | None = None
        self._landing: Stand | None = None
        self._pages: list[dict[str, Any]] = []
        self._repaired_at: Stand | None = None

    def subscribe(self, request_id: str) -> dict[str, Any]:
        """Return the command, and wait for its reply from now on."""
        self.live, self._asked, self._landing = False, request_id, None
        command: dict[str, Any] = {"type": "subscribe", "id": request_id, "channel": self.channel}
        if self._reloading:
            command["snapshot"] = True
        elif self.stand is not None:
            command["since"] = {"epoch": self.stand.epoch, "offset": self.stand.offset}
        elif self._wants.history is not None:
            command["history"] = self._wants.history
        return command | self._wants.view

    def asked(self, reply_to: object) -> bool:
        """Whether a reply is to what was asked for and is not complete."""
        return self._asked is not None and self._asked == reply_to

    def reload(self) -> None:
        """Ask for a snapshot from now on, until one is complete."""
        self._reloading = True

    def accept(self, reply: Subscribed) -> bool:
        """Take the hub's answer; False when what was missed is gone."""
        if not self._reloading:
            # A snapshot may still be refused, behind some of its pages.
            self._asked = None
        self.head = reply.offset if reply.head is None else reply.head
        at = Stand(reply.epoch, reply.offset)
        if self._reloading:
            self._landing, self._pages = at, []
        elif self.stand is None:
            self.land(at)
        elif reply.recovered is False and reply.reason != VOLATILE:
            return False
        else:
            self.land(Stand(reply.epoch, self.stand.offset))
        return True

    def renew(self, told: Subscribed) -> bool:
        """Take a snapshot that was not asked for; False when it is of an earlier subscribe.

        The hub sends one to a conflating listener that fell too far behind.
        """
        if told.reply_to is not None or not self.live:
            return False
        self.live, self._reloading = False, True
        return self.accept(told)

    def begins_anew(self, reply: Subscribed) -> bool:
        """Whether a snapshot is to be asked for again: the channel keeps nothing to resume."""
        anew = reply.reason == VOLATILE and self._wants.snapshot and not self._reloading
        self._reloading = self._reloading or anew
        return anew

    def page(self, page: Page) -> list[dict[str, Any]] | None:
        """Take a page; return the whole snapshot with its last one."""
        if self._landing is None:
            return None
        self._pages.extend(page.items)
        if page.more:
            return None
        items, self._pages = self._pages, []
        self._reloading, self._asked = False, None
        self.land(self._landing)
        self._landing = None
        return items

    def land(self, stand: Stand) -> None:
        """Stand there and be live."""
        self.stand = stand
        self.head = max(self.head, stand.offset)
        self.live = True

    def admit(self, push: Push) -> Verdict:
        """Judge an event by its offset, and stand on it if it is the next one."""
        if push.offset is None:
            return Verdict.NEXT
        if not self.live or self.stand is None or push.offset <= self.stand.offset:
            return Verdict.SEEN
        self.head = max(self.head, push.offset)
        if self.stand.offset < push.before:
            return Verdict.HOLE
        self.stand = Stand(self.stand.epoch, push.offset)
        return Verdict.NEXT

    def moved(self, offset: int) -> bool:
        """Take the hub's word that nothing up to `offset` is left to come."""
        stand = self.stand
        if not self._wants.view or not self.live or stand is None or offset <= stand.offset:
            return False
        self.land(Stand(stand.epoch, offset))
        return True

    def may_repair(self) -> bool:
        """Whether the hole after `stand` was not asked for already; marks it as asked for."""
        fresh = self._repaired_at != self.stand
        self._repaired_at = self.stand
        return fresh
