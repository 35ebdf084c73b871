"""The grace: how long a client may take to read its end, before its socket is cut."""

CLOSE_TIMEOUT_S = 5.0
# Whoever may not be here any more is gone within two seconds of the revocation: half a second until
# this node has looked, and a second to read why. Else who reads nothing could go on for longer to
# fetch what waits for it.
REVOKED_TIMEOUT_S = 1.0
_REVOKED = frozenset((4401, 4501))


def grace_s(close_code: int | None) -> float:
    """Return the seconds between the close frame of a client and the abort of its socket.

    Args:
        close_code: Ours or its own; None: it goes without one.
    """
    return REVOKED_TIMEOUT_S if close_code in _REVOKED else CLOSE_TIMEOUT_S
