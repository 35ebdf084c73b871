"""Every WebSocket close code that a client of the hub can meet, and whether to come back.

The range is the verdict: a client needs no table to behave, only to explain.
"""

from typing import NamedTuple

# What the client's own frames did wrong will only come again.
_FINAL_RFC = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
_FINAL_HUB = range(4500, 5000)


class Close(NamedTuple):
    """One close code. `later` marks those that this version does not send yet."""

    code: int
    word: str
    meaning: str
    later: bool = False

    @property
    def comes_back(self) -> bool:
        """Whether a client should try again."""
        return self.code not in _FINAL_RFC and self.code not in _FINAL_HUB


CLOSES = (
    Close(1000, "closed", "You closed the connection, and the hub agreed"),
    Close(1001, "going_away", "The other side is leaving: a page was closed"),
    Close(1002, "protocol_error", "A frame broke RFC 6455"),
    Close(
        1003,
        "unsupported_data",
        "A binary frame came where text was agreed on, or text where binary was",
    ),
    Close(1006, "network_error", "No close frame at all: the network broke, or a crash"),
    Close(1007, "invalid_data", "A text frame was not UTF-8"),
    Close(1008, "policy_violation", "The upgrade was refused; read the HTTP answer"),
    Close(1009, "message_too_big", "A frame was larger than HUB_MAX_FRAME_BYTES"),
    Close(1011, "internal_error", "The hub failed; its log says why"),
    Close(1012, "service_restart", "A server in front of the hub restarts"),
    Close(
        1013, "try_again_later", "The hub, or a server in front of it, cannot tell at the moment"
    ),
    Close(4401, "token_expired", "The token has run out"),
    Close(4408, "slow_consumer", "You were behind for long and did not gain"),
    Close(4410, "heartbeat_timeout", "You did not answer a ping in time"),
    Close(4412, "draining", "This hub is stopping"),
    Close(4414, "reconnect", "An operator has closed your connection, so that you connect anew"),
    Close(
        4429, "rate_limited", "Too many connections come, or are open; or too many commands came"
    ),
    Close(4500, "bad_frame", "A frame was no JSON object, or the upgrade asked for nonsense"),
    Close(4501, "unauthenticated", "Nobody knows you"),
    Close(4503, "forbidden", "A page of a foreign origin, host or proxy"),
    Close(4508, "connection_limit", "You have as many connections open as you may"),
    Close(4509, "disconnected", "An operator has closed your connection"),
)
