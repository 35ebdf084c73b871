"""The conversation: one client's commands, answered in the order in which they came.

A command that reads the log runs as background work; those behind it wait, and when too many do,
the socket is not read.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from hub.errors import HubError
from hub.realtime.connection import Connection
from hub.realtime.pages import Spawn

# Commands that may wait; then the socket is not read.
MAX_WAITING = 32

Work = Callable[[], Awaitable[None]]


class Rules(Protocol):
    """Who answers."""

    def run(self, text: bytes) -> Work | None:
        """Answer a command at once, or return the work that answers it."""
        ...

    def refuse(self, failure: HubError, text: bytes) -> None:
        """Say why a command is not done."""
        ...

    def fail(self) -> None:
        """A fault of ours: end the connection."""
        ...


class Nobody:
    """Rules when the client is gone."""

    def run(self, text: bytes) -> Work | None:
        """Answer nothing."""

    def refuse(self, failure: HubError, text: bytes) -> None:
        """Say nothing."""

    def fail(self) -> None:
        """There is nothing to end."""


_NOBODY = Nobody()


class Conversation:
    """The commands of one connection."""

    __slots__ = ("_busy", "_connection", "_rules", "_spawn", "_waiting")

    def __init__(self, connection: Connection, rules: Rules, spawn: Spawn) -> None:
        self._connection = connection
        self._rules: Rules = rules
        self._spawn = spawn
        self._waiting: deque[tuple[bytes, Work | None]] = deque()
        self._busy = False
        connection.on_resume = self._go_on

    def receive(self, text: bytes) -> None:
        """Take one command."""
        self._waiting.append((text, None))
        if len(self._waiting) >= MAX_WAITING:
            self._connection.hold()
        self._go_on()

    def put(self, work: Work) -> None:
        """Do what nobody has commanded, after what was commanded before."""
        self._waiting.append((b"{}", work))
        self._go_on()

    def end(self) -> None:
        """Answer nothing any more; and let the session go.

        The two hold each other: clients that are gone would wait for the collector, which looks
        at what has lived long once in millions of allocations.
        """
        self._waiting.clear()
        self._rules = _NOBODY

    def _go_on(self) -> None:
        """Run the commands that wait, as long as the client reads what it is answered."""
        while self._waiting and not self._busy and self._connection.ready:
            text, work = self._waiting.popleft()
            try:
                work = work or self._rules.run(text)
            except HubError as failure:
                self._rules.refuse(failure, text)
            except Exception:
                self._rules.fail()
                raise  # logged by who handed it over
            else:
                if work is not None:
                    self._busy = True
                    self._spawn(self._finish(work, text))
        if len(self._waiting) < MAX_WAITING:
            self._connection.release()

    async def _finish(self, work: Work, text: bytes) -> None:
        try:
            await work()
        except HubError as failure:
            self._rules.refuse(failure, text)
        except Exception:
            self._rules.fail()
            raise  # logged by who runs background work
        self._busy = False
        self._go_on()
