"""Conflation: of each entity only the newest event, so often a second at most.

For readers that paint a state and not a history: a scene at 20 frames a second needs no 5,000
updates. What has ended is never left out: a terminal event first sends what waits below it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.errors import InvalidCommand
from hub.model.contract import STALE
from hub.realtime.filters import Facts, word
from hub.realtime.frames import Frame

TERMINAL = frozenset({"DONE", "FAILED", "completed", "failed"})
MIN_HZ, MAX_HZ = 0.01, 120.0
# So many entities do not wait, however seldom they may be sent.
MAX_WAITING = 4_096
# Nor so many bytes: what waits is one write, and its frames live on when the ring has let them go.
MAX_WAITING_BYTES = 512 * 1024


class Conflation(NamedTuple):
    """The newest event of each value of `key`, `max_hz` times a second at most."""

    key: str
    max_hz: float

    @property
    def pause_s(self) -> float:
        """Return the time between two deliveries."""
        return 1 / self.max_hz


def parse(key: str, max_hz: float) -> Conflation:
    """Return the conflation that a client has asked for.

    Raises:
        InvalidCommand: The key is no name, or the rate is none.
    """
    if not key:
        raise InvalidCommand("conflate.key: expected the name of a field, got nothing")
    if not MIN_HZ <= max_hz <= MAX_HZ:
        raise InvalidCommand(f"conflate.max_hz: expected {MIN_HZ} to {MAX_HZ:g}, got {max_hz}")
    return Conflation(key, max_hz)


class Latest:
    """What waits: the newest frame of each entity, in the order of their offsets."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._waiting: dict[object, Frame] = {}
        self._final: list[Frame] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._final)

    @property
    def urgent(self) -> bool:
        """Say whether something has ended, or too much waits: that is sent now."""
        return (
            bool(self._final)
            or len(self._waiting) >= MAX_WAITING
            or self._bytes >= MAX_WAITING_BYTES
        )

    def add(self, frame: Frame, facts: Facts) -> None:
        """Take the next event; an older one of the same entity is left out."""
        # A test changes no state, nor does stale news, so they stand for none.
        changes = frame.at and facts.get("type") != STALE
        entity: object = word(facts, self._key) if changes else None
        if entity is None:
            # Of nobody's state; nothing may take its place.
            entity = frame
        before = self._waiting.pop(entity, None)
        self._waiting[entity] = frame
        self._bytes += len(frame.wire) - (0 if before is None else len(before.wire))
        status = word(facts, "status")
        if status is not None and status[1] in TERMINAL:
            self._final += self._waiting.values()
            self._waiting.clear()

    def take(self) -> Sequence[Frame]:
        """Return what waits, and let nothing wait."""
        taken = [*self._final, *self._waiting.values()]
        self._final.clear()
        self._waiting.clear()
        self._bytes = 0
        return taken
