"""Commits: how large the groups are, how long the log takes, and since when it takes nothing."""

from hub.telemetry.histogram import QUICK_S, SIZES, Histogram


class Commits:
    """What became of the groups that a publisher has committed.

    Attributes:
        updates: Units a group.
        seconds: How long each took to be on disk.
        failures: Groups that the log has not taken, or of which that is not known.
    """

    def __init__(self) -> None:
        self.updates = Histogram(SIZES)
        self.seconds = Histogram(QUICK_S)
        self.failures = 0
        self._failing_since_s: float | None = None

    def done(self, units: int, began_s: float, now_s: float) -> None:
        """Count a group that is on disk."""
        self._failing_since_s = None
        self.updates.observe(units)
        self.seconds.observe(now_s - began_s)

    def failed(self, began_s: float) -> None:
        """Count one that is not."""
        self.failures += 1
        if self._failing_since_s is None:
            self._failing_since_s = began_s

    def failing_s(self, now_s: float) -> float:
        """Return for how long the log has taken nothing; 0 while it takes what comes."""
        return 0.0 if self._failing_since_s is None else now_s - self._failing_since_s
