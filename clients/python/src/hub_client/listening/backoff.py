"""How long to wait before coming back."""

MIN_DELAY_S = 0.5
MAX_DELAY_S = 20.0
ASKED_JITTER = 0.25
_MAX_DOUBLINGS = 10


def reconnect_delay(attempt: int, jitter: float, asked_s: float | None = None) -> float:
    """Return seconds from 0.5 to 20: full jitter over a range that doubles.

    The floor keeps a crowd from returning at once, the jitter spreads it. Where the hub asked
    to wait, it is that, and up to a quarter more: it may have asked everybody the same.

    Args:
        attempt: 0 for the first return since the listener was connected.
        jitter: Random, from 0 up to 1.
        asked_s: Seconds that the hub asked to wait.
    """
    if asked_s is not None:
        return asked_s * (1 + ASKED_JITTER * jitter)
    spread = MIN_DELAY_S * 2.0 ** min(attempt, _MAX_DOUBLINGS)
    return min(MAX_DELAY_S, MIN_DELAY_S + jitter * min(MAX_DELAY_S, spread))
