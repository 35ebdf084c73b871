"""Errors that end a connection."""

from hub.errors.base import HubError


class ConnectionEnded(HubError):
    """A WebSocket connection must end."""

    code, status = "connection_ended", 400


class BadFrame(ConnectionEnded):
    """The client sent text that is not a JSON object."""

    code, close_code = "bad_frame", 4500


class HeartbeatTimeout(ConnectionEnded):
    """The client answered no ping in time."""

    code, close_code = "heartbeat_timeout", 4410
    retryable = True


class SlowConsumer(ConnectionEnded):
    """The client does not read."""

    code, close_code = "slow_consumer", 4408
    retryable = True


class Disconnected(ConnectionEnded):
    """An operator has closed the connection, and it is to stay away."""

    code, close_code = "disconnected", 4509


class Reconnect(ConnectionEnded):
    """An operator has closed the connection; it comes back, to another node perhaps."""

    code, close_code = "reconnect", 4414
    retryable = True
