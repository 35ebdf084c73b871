"""The asyncio shell of a feed: a socket, a wait, an iterator."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from hub_client.address import Address
from hub_client.clock import LoopClock
from hub_client.errors import HistoryGap, HubError
from hub_client.event import Event
from hub_client.lag import Lag
from hub_client.listening.closing import lost
from hub_client.listening.feed import Feed
from hub_client.listening.outputs import (
    Change,
    Deliver,
    Fail,
    Output,
    Reconnect,
    Send,
    Skipped,
    Slow,
)
from hub_client.listening.upgrade import (
    CLOSE_TIMEOUT_S,
    MAX_FRAME_BYTES,
    MAX_FRAMES,
    OPEN_TIMEOUT_S,
    SUBPROTOCOL,
)
from hub_client.state import State


class AsyncListener:
    """Iterate over it; close it, or use it as a context manager.

    The body of the loop may await what it likes: the event loop answers pings
    and reads ahead, at most 64 frames; behind that the hub waits, and may at
    last cut the connection, which is then resumed without loss.

    Attributes:
        last_gap: The newest gap that `on_gap` kept from being raised.
        lags: How often the hub has said that this listener does not keep up.
    """

    def __init__(
        self,
        feed: Feed,
        address: Address,
        clock: LoopClock,
        on_state: Callable[[State], object] | None,
        on_lag: Callable[[Lag], object] | None,
    ) -> None:
        self.last_gap: HistoryGap | None = None
        self.lags = 0
        self._feed = feed
        self._address = address
        self._clock = clock
        self._on_state = on_state
        self._on_lag = on_lag
        self._ready: deque[Event] = deque()
        self._position: str | None = None
        self._socket: ClientConnection | None = None
        self._stop = asyncio.Event()
        self._error: HubError | None = None
        self._started = False

    @property
    def state(self) -> State:
        """What the listener is doing, and why."""
        return self._feed.state

    @property
    def position(self) -> str | None:
        """The position after the last event that was yielded, to be stored."""
        return self._position if self._ready else self._feed.position

    @property
    def lag(self) -> int | None:
        """Events the hub has and the loop has not; None until the hub first says."""
        lag = self._feed.lag
        return None if lag is None else lag + len(self._ready)

    def __aiter__(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def __anext__(self) -> Event:
        """Wait for the next event.

        Raises:
            HistoryGap: Events are gone, with `on_gap="raise"`.
            HubError: The hub does not want this client back.
            StopAsyncIteration: The listener was closed, or has raised already.
        """
        while not self._ready:
            await self._step()
        event = self._ready.popleft()
        self._position = event.position
        return event

    async def close(self) -> None:
        """End the iteration, from any task. Closing twice is fine."""
        self._stop.set()
        await self._do(self._feed.closed())
        await self._hang_up()

    async def _step(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._stop.is_set() or self._feed.ended:
            await self._hang_up()
            raise StopAsyncIteration
        if self._socket is None:
            await self._connect()
        else:
            await self._receive(self._socket)

    async def _connect(self) -> None:
        if not self._started:
            self._started = True
            await self._do(self._feed.connecting())
        try:
            self._socket = await connect(
                self._address.upgrade(),
                additional_headers=self._address.headers(),
                user_agent_header=None,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,
                max_size=MAX_FRAME_BYTES,
                max_queue=MAX_FRAMES,
            )
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            await self._do(self._feed.lost(lost(error, self._clock.wall())))
        else:
            await self._do(self._feed.opened())

    async def _receive(self, socket: ClientConnection) -> None:
        try:
            async with asyncio.timeout(self._feed.idle_after_s):
                frame = await socket.recv(decode=False)
        except TimeoutError:
            await self._do(self._feed.idle())
        except ConnectionClosed as error:
            await self._do(self._feed.lost(lost(error, self._clock.wall())))
        else:
            await self._do(self._feed.received(frame))

    async def _send(self, frame: str) -> None:
        # A socket that broke says so to the next recv, after what it still holds.
        with contextlib.suppress(ConnectionClosed):
            if self._socket is not None:
                await self._socket.send(frame)

    async def _do(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    await self._send(output.frame)
                case Deliver():
                    self._ready.append(output.event)
                case Skipped():
                    self.last_gap = output.gap
                case Change() | Slow():
                    self._tell(output)
                case Reconnect():
                    await self._hang_up()
                    await self._clock.pause(output.delay_s, self._stop)
                case Fail():
                    await self._hang_up()
                    self._error = output.error

    def _tell(self, told: Change | Slow) -> None:
        if isinstance(told, Slow):
            self.lags += told.lag.behind > 0
            if self._on_lag is not None:
                self._on_lag(told.lag)
        elif self._on_state is not None:
            self._on_state(told.state)

    async def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()
