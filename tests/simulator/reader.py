"""The reader: one client's view of one channel. It knows one position and judges all by it."""

from collections.abc import Callable, Sequence
from typing import Any

from simulator.content import content
from simulator.sight import Sight
from simulator.store import Store
from simulator.violation import Violation, demand

Frame = dict[str, Any]
Command = dict[str, Any]


class Reader:
    """What a client has seen of a channel.

    Attributes:
        sight: What it has asked to see.
        epoch: Of the position; None before the first.
        offset: Newest event seen, the end of a gap that was said, or what a heartbeat said.
        asked: The id of the last subscribe on this socket.
        waiting: The same, as long as it is not answered.
        following: Events may come.
        gaps: How many gaps were said.
        seen: How many events came.
        fresh: How many snapshots came that were not asked for.
    """

    def __init__(self, who: str, channel: str, store: Store, sight: Sight) -> None:
        self.channel = channel
        self.sight = sight
        self.epoch: str | None = None
        self.offset = 0
        self.asked: int | None = None
        self.waiting: int | None = None
        self.following = False
        self.gaps = 0
        self.seen = self.fresh = 0
        self._who = f"{who} in {channel}"
        self._store = store
        self._how: Command = {}
        self._asked_offset = 0
        self._paging = False
        self._refused = False
        self._renewing = False
        self._items: list[dict[str, Any]] = []

    def __str__(self) -> str:
        mark = "" if self.following else "?"
        return f"{self.channel}@{self.epoch}:{self.offset}{mark}{self.sight}"

    @property
    def quiet(self) -> bool:
        """Whether nothing has come of what was asked, and nothing will: ask again."""
        return not self.following and self.waiting is None

    @property
    def has_all(self) -> bool:
        """Whether nothing more is owed, as far as this reader stands."""
        here = self.following and self.epoch == self._store.epoch
        return here and not (self._paging or self._renewing or self.sight.owed)

    def ask(self, number: int, how: Command) -> Command:
        """Return a subscribe from where this reader stands; `how` if it stands nowhere."""
        if self.epoch is not None and "snapshot" not in how:
            # Both forms that the protocol has.
            since: Any = {"epoch": self.epoch, "offset": self.offset}
            how = {"since": since if number % 2 else f"{self.epoch}:{self.offset}"}
        self.asked = self.waiting = number
        self.following = self._paging = self._refused = self._renewing = False
        self._how, self._asked_offset = how, self.offset
        command = {"type": "subscribe", "channel": self.channel, "id": number}
        return {**command, **how, **self.sight.fields}

    def leave(self) -> None:
        """The socket is gone, and whatever was asked on it."""
        self.asked = self.waiting = None
        self.following = self._paging = self._refused = self._renewing = False

    def begin(self, epoch: str, offset: int) -> None:
        """Stand where the welcome says."""
        self._stand(epoch, offset)
        self.following = True

    def take(self, frame: Frame, head: int) -> None:
        """Judge what is of this channel; its node knew of `head` when it wrote it."""
        match frame["type"]:
            case "lag":
                self._lag(frame)
            case "subscribed":
                self._subscribed(frame)
            case "snapshot":
                self._snapshot(frame)
            case "gap":
                self._gap(frame, head)
            case _:
                self._event(frame, head)

    def refused(self, frame: Frame) -> None:
        """Take it that a subscribe was refused; the answer may come after its first pages."""
        code = frame["details"]["code"]
        known = {"log_unavailable", "channel_not_found"}
        self._demand(code in known, f"expected one of {sorted(known)}, got {frame}")
        self.leave()
        # What it followed before on this socket, it still follows, and does not look at.
        self._refused = True

    def heartbeat(self, frame: Frame, head: int) -> None:
        """Judge where the node thinks this reader stands."""
        said = frame["positions"].get(self.channel)
        # Behind the last page of a snapshot a node may take a moment until it follows.
        between = said is None and "snapshot" in self._how
        if self.waiting is None and self.following and not self._paging and not between:
            here = f"expected the heartbeat to say {self}, got {frame['epoch']}:{said}"
            here_or_on = frame["epoch"] == self.epoch and (said or 0) >= self.offset
            self._demand(said is not None and here_or_on, here)
            self._go_on(said, said + 1, head)
            self._stand(frame["epoch"], said)

    @property
    def _passed_over(self) -> bool:
        """Whether what comes is of a subscription that is being replaced, or should have been."""
        return self.waiting is not None or self._refused

    def _subscribed(self, frame: Frame) -> None:
        """Judge the answer to a subscribe."""
        if frame.get("reply_to") != self.waiting:
            return
        if self.waiting is None:
            if not self._renews():
                return
        elif "since" in self._how and frame["recovered"]:
            asked = (self.epoch, self._asked_offset)
            got = (frame["epoch"], frame["offset"])
            self._demand(got == asked, f"expected to go on at {asked}, got {got}")
        elif "since" in self._how:
            self._check_refusal(frame)
            self.gaps += 1
        else:
            fair = frame["reason"] is None and not frame["recovered"]
            self._demand(fair, f"expected no word of recovery, got {frame}")
        if not frame["recovered"]:
            self.sight.forget()
        self._demand(frame["head"] >= frame["offset"], f"expected a head at the end, got {frame}")
        self._stand(frame["epoch"], frame["offset"])
        self.waiting, self.following = None, True
        self._paging = "snapshot" in self._how
        self._items = []

    def _renews(self) -> bool:
        """Judge a `subscribed` that was not asked for; say whether it is of what is followed."""
        if not self.following:
            return False
        self._demand(self._renewing, "expected no subscribed but in reply, or after a lag")
        self._renewing = False
        self._how = {"snapshot": True}
        self.fresh += 1
        return True

    def _lag(self, frame: Frame) -> None:
        """Judge what is said of being behind."""
        if self._passed_over:
            return
        mode, behind = frame["mode"], frame["behind"]
        known = ("conflated", "snapshot") if self.sight.conflates else ("lossless",)
        self._demand(mode in known and behind >= 0, f"expected one of {known}, got {frame}")
        if mode == "snapshot":
            self._demand(self.following and not self._paging, f"expected to follow, got {frame}")
            self._renewing = True

    def _check_refusal(self, frame: Frame) -> None:
        epoch, reason = self.epoch or "", frame["reason"]
        told = self._store.history(epoch, self.channel).told
        if reason == "expired":
            gone = self._asked_offset < told - 1
            self._demand(gone, f"expected to resume {self}, all of it is kept, got {frame}")
        else:
            other = reason == "epoch_changed" and epoch != frame["epoch"]
            self._demand(other, f"expected to resume {self}, got {frame}")

    def _snapshot(self, frame: Frame) -> None:
        """Judge a page of state."""
        if self.waiting is None:
            self._demand(self._paging, "expected no page of a snapshot, got one")
            self._paging = frame["more"]
            self._items += frame["items"]
            if not self._paging:
                true = self.sight.states(self._numbers[: self.offset])
                self._demand(self._items == true, f"expected {true}, got {self._items}")

    def _event(self, frame: Frame, head: int) -> None:
        """Judge an event: the next that this reader is owed, and what was committed there."""
        if self._passed_over:
            return
        self._demand(self.following, f"expected nothing before a subscribe, got {frame}")
        self._demand(not self._paging, f"expected the rest of the snapshot, got {frame}")
        if "offset" not in frame:
            self._test(frame)
            return
        self._demand(not self._renewing, f"expected a fresh snapshot first, got {frame}")
        offset, number = frame["offset"], frame["data"]["n"]
        self._demand(offset > self.offset, f"expected more than {self.offset}, got {offset}")
        self._check_prev(frame)
        self._go_on(offset - 1, offset, head)
        self._stand(self.epoch or "", offset)
        self.seen += 1
        true = self._numbers[offset - 1]
        self._demand(number == true, f"expected event {true} at {offset}, got event {number}")
        self._judged(self.sight.see, number)

    def _check_prev(self, frame: Frame) -> None:
        """Judge what a client without the truth goes by."""
        if self.sight.whole:
            self._demand("prev" not in frame, f"expected no prev, got {frame}")
        else:
            fair = 0 <= frame["prev"] <= self.offset
            self._demand(fair, f"expected a prev of {self.offset} at most, got {frame}")

    def _test(self, frame: Frame) -> None:
        """Judge an event that is in no history."""
        fair = frame["test"] and "prev" not in frame
        self._demand(fair, f"expected an offset, or a test, got {frame}")
        shown = self.sight.shows(content(frame["data"]["n"]))
        self._demand(shown, f"expected events of {self.sight.fields}, got {frame}")

    def _go_on(self, upto: int, begin: int, head: int) -> None:
        """Judge that nothing came between this position and `upto`.

        Something of the same may come from `begin` on, of what the node knew, up to `head`.
        """
        if upto > self.offset:
            passed, ahead = self._numbers[self.offset : upto], self._numbers[begin - 1 : head]
            self._judged(self.sight.pass_over, passed, ahead)

    def _judged(self, judge: Callable[..., None], *args: object) -> None:
        try:
            judge(*args)
        except Violation as broken:
            raise Violation(f"{self._who}: after {self}: {broken}") from None

    @property
    def _numbers(self) -> Sequence[int]:
        return self._store.history(self.epoch or "", self.channel).numbers

    def _gap(self, frame: Frame, head: int) -> None:
        """Judge a gap: it begins where this reader stands. That it is true the pipe has seen."""
        if self._passed_over:
            return
        self._demand(self.following and frame["epoch"] == self.epoch, f"got {frame}")
        begins, ends = frame["from"], frame["to"]
        fits = begins > self.offset and ends >= begins
        self._demand(fits, f"expected a gap from {self.offset + 1} on, got {begins} to {ends}")
        self._go_on(begins - 1, begins, head)
        self._stand(self.epoch or "", ends)
        self.sight.forget()
        self.gaps += 1

    def _stand(self, epoch: str, offset: int) -> None:
        head = len(self._store.history(epoch, self.channel).numbers)
        self._demand(offset <= head, f"expected nothing above the head {head}, got {offset}")
        self.epoch, self.offset = epoch, offset

    def _demand(self, holds: bool, said: str) -> None:  # noqa: FBT001 like `demand`
        if not holds:
            demand(holds, f"{self._who}: {said}")
