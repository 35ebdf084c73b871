"""The trace: what happened, step by step; a digest of all of it and the last steps in words."""

from collections import Counter, deque
from zlib import crc32

KEPT_STEPS = 40


class Trace:
    """Everything that a run did.

    Attributes:
        digest: Equal for two runs that did and saw the same.
        steps: How many there were.
        counts: How often each kind of step was taken.
        last: The newest lines, oldest first.
    """

    def __init__(self) -> None:
        self.digest = 0
        self.steps = 0
        self.counts: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=KEPT_STEPS)

    def add(self, what: str, detail: str) -> None:
        """Note one step."""
        self.steps += 1
        self.counts[what] += 1
        line = f"{self.steps:>6}  {what:<14} {detail}"
        self.digest = crc32(line.encode(), self.digest)
        self.last.append(line)
