"""Waiting: the rules of a connection that has not said yet who it is (seed 2).

Its first frame must be `auth`, and come soon. What a client sends behind it waits for the answer,
as long as it is little: a stranger costs the node next to nothing.
"""

from collections.abc import Callable

from hub.errors import BadFrame, HubError, InvalidCommand, Unauthenticated
from hub.model.principal import Principal
from hub.model.timestamp import to_rfc3339
from hub.realtime import commands, replies
from hub.realtime.connection import Connection
from hub.realtime.node import Realtime

# Seconds until the first frame, and the bytes that may come before its answer.
AUTH_S = 5.0
MAX_BYTES = 8 * 1024

# Called with the principal, and the frames that came behind its token.
Enter = Callable[[Principal, list[bytes]], None]


class Waiting:
    """The rules of one connection until it is known.

    Args:
        connection: The socket.
        node: What this node offers.
        enter: Called once, when the client is known; its session begins there.
    """

    __slots__ = ("_behind", "_bytes", "_connection", "_enter", "_node", "_timer")

    def __init__(self, connection: Connection, node: Realtime, enter: Enter) -> None:
        self._connection = connection
        self._node = node
        self._enter = enter
        # What came behind the token; None until that has come.
        self._behind: list[bytes] | None = None
        self._bytes = 0
        self._timer = node.timers.call_later(AUTH_S, self._give_up)

    @property
    def ended(self) -> bool:
        """Whether the connection is gone, or is being closed."""
        return self._connection.closed

    def receive(self, payload: bytes) -> None:
        """Take one frame: the token, or what waits behind it."""
        if self.ended:
            return
        self._bytes += len(payload)
        if self._bytes > MAX_BYTES:
            self.end(Unauthenticated(f"expected at most {MAX_BYTES} bytes before auth_ok"))
        elif self._behind is not None:
            self._behind.append(payload)
        else:
            self._take(payload)

    def alive(self) -> None:
        """Nothing was asked that it could answer."""

    def end(self, failure: HubError) -> None:
        """Close the connection for a reason that has a close code."""
        if not self.ended:
            self._connection.sink.close(failure.close_code or 1011, failure.reason)
            self._node.refused(failure, self._connection.principal, self._connection.address)
            self.lost()

    def recheck(self) -> None:
        """It follows nothing."""

    def lost(self) -> None:
        """The socket is gone."""
        self._timer.cancel()
        self._connection.lost()
        # It holds what holds this: both would wait for the collector.
        self._enter = _nobody
        self._behind = []

    def _take(self, payload: bytes) -> None:
        try:
            command = commands.read(self._connection.form.read(payload))
        except BadFrame as failure:
            self.end(failure)
            return
        except InvalidCommand:
            command = None
        if not isinstance(command, commands.Auth):
            self.end(Unauthenticated('expected {"type":"auth"} as the first frame, got another'))
            return
        self._behind = []
        self._node.spawn(self._find(command))

    async def _find(self, command: commands.Auth) -> None:
        try:
            principal = await self._node.find(command.token, self._connection.address)
        except HubError as failure:
            self.end(failure)
            return
        except Exception:
            self.end(HubError("the hub failed; its log says why"))
            raise  # logged by who runs background work
        if self.ended:
            return
        self._timer.cancel()
        self._connection.principal = principal
        self._connection.say(auth_ok(principal, command))
        enter, behind = self._enter, self._behind or []
        # The same list: what comes until the session has begun waits in it, too.
        self._enter, self._behind = _nobody, behind
        enter(principal, behind)

    def _give_up(self) -> None:
        self.end(Unauthenticated(f"expected an auth frame within {AUTH_S:g} s, got none"))


def auth_ok(principal: Principal, command: commands.Auth) -> replies.AuthOk:
    """Return the answer to a token that is good."""
    expires_us = principal.expires_us
    return replies.AuthOk(
        principal=principal.name,
        expires_at=None if expires_us is None else to_rfc3339(expires_us),
        reply_to=command.id,
    )


def _nobody(_principal: Principal, _behind: list[bytes]) -> None:
    pass
