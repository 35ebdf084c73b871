"""An outage: for how long something has been wrong, by looking at it again and again."""

from collections.abc import Callable

from hub.model.alert_rule import Level


class Outage:
    """Measures since when something is wrong.

    Args:
        is_wrong: Tells whether it is now.
    """

    def __init__(self, is_wrong: Callable[[], bool]) -> None:
        self._is_wrong = is_wrong
        self._since_s: float | None = None

    def __call__(self, now_s: float) -> Level:
        """Return for how many seconds it has been wrong; 0 while it is not."""
        if not self._is_wrong():
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        return Level(0.0 if self._since_s is None else now_s - self._since_s)
