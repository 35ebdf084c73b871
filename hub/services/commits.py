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
        self._running_since_s: float | None = None

    def begun(self, now_s: float) -> None:
        """Note that the log is asked to take a group."""
        self._running_since_s = now_s

    def works(self) -> None:
        """Note that the log can be written again."""
        self._failing_since_s = None

    def done(self, units: int, began_s: float, now_s: float) -> None:
        """Count a group that is on disk."""
        self._failing_since_s = self._running_since_s = None
        self.updates.observe(units)
        self.seconds.observe(now_s - began_s)

    def failed(self, began_s: float) -> None:
        """Count one that is not."""
        self.failures += 1
        self._running_since_s = None
        if self._failing_since_s is None:
            self._failing_since_s = began_s

    def failing_s(self, now_s: float) -> float:
        """Return for how long the log has taken nothing of what it was given; 0 while it does."""
        since_s = self._failing_since_s if self._failing_since_s is not None else now_s
        # A disk that hangs does not even fail.
        if self._running_since_s is not None:
            since_s = min(since_s, self._running_since_s)
        return now_s - since_s
