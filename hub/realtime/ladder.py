"""The ladder: what happens to a client that does not keep up, step by step.

Lossless: it becomes a cursor and reads from the log as fast as it can; it is told how far behind
it is; when it does not gain on the others for long, or retention overtakes it, it is closed with
4408 and may come back. Conflated: it gets the newest of each entity whenever its socket takes
something; when what it misses has left memory, it gets a fresh snapshot.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from hub.clock import Timer, Timers

# A socket that is full for less is not spoken of.
TELL_AFTER_S = 1.0

Mode = Literal["lossless", "conflated", "snapshot"]
STEPS: Sequence[str] = (*get_args(Mode), "closed")


class Ladder:
    """The limits of one node, and how often they were reached.

    Args:
        timers: The loop's.
        max_behind_s: How long a client may be behind without gaining.

    Attributes:
        timers: The loop's.
        max_behind_s: How long a client may be behind without gaining.
        steps: How many clients were told of a lag, by mode, and how many were closed: `STEPS`.
    """

    def __init__(self, timers: Timers, max_behind_s: float) -> None:
        self.timers = timers
        self.max_behind_s = max_behind_s
        self.steps: Counter[str] = Counter()


class Lag:
    """One client's being behind in one channel, from its full socket until it is live again.

    Args:
        ladder: The limits.
        behind: Tells by how many events.
        give_up: Called when the client does not gain.
        replays: It has not been live yet: retention may overtake it without its fault.

    Attributes:
        replays: It has not been live yet.
        is_due: The client is to be told how far behind it is.
        is_told: It was told.
    """

    __slots__ = ("_behind", "_give_up", "_ladder", "_timer", "_was", "is_due", "is_told", "replays")

    def __init__(
        self,
        ladder: Ladder,
        behind: Callable[[], int],
        give_up: Callable[[], None],
        *,
        replays: bool = False,
    ) -> None:
        self.replays = replays
        self.is_due = False
        self.is_told = False
        self._ladder = ladder
        self._behind = behind
        self._give_up = give_up
        self._was = 0
        self._timer: Timer = ladder.timers.call_later(TELL_AFTER_S, self._notice)

    def end(self) -> None:
        """The client is live again, or gone."""
        self._timer.cancel()

    def _notice(self) -> None:
        self._was = self._behind()
        self.is_due = self._was > 0
        self._wait()

    def _judge(self) -> None:
        now = self._behind()
        # At 0 only other channels filled the socket: it was not behind since then.
        if 0 < self._was <= now:
            self._give_up()
        else:
            self._was = now
            self._wait()

    def _wait(self) -> None:
        self._timer = self._ladder.timers.call_later(self._ladder.max_behind_s, self._judge)
