"""Both listeners, over real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from client.fakes import FakeClock, FakeHub, FakeLoopClock, contract
from hub_client import (
    AsyncMCPClient,
    AuthenticationFailed,
    Event,
    HistoryGap,
    Lag,
    MCPClient,
    RequestRefused,
    Snapshot,
    State,
)

STOP_S = 20.0
"""No test waits longer; a green one does not wait."""


class Listen:
    """Listens with one client or the other until so many events came, or an error."""

    def __init__(self, kind: str, hub: FakeHub) -> None:
        self.kind = kind
        self.hub = hub
        self.clock = FakeClock()
        self.states: list[State] = []
        self.tell: Callable[[State], object] = lambda _: None
        self.gap: HistoryGap | None = None
        self.lags = 0
        self.position: str | None = None

    def _heard(self, state: State) -> None:
        self.states.append(state)
        self.tell(state)

    def take(
        self,
        count: int,
        *channels: str,
        each: Callable[[Event], object] = lambda _: None,
        **options: Any,
    ) -> list[Event]:
        """Return the first `count` events; `each` is the body of the loop."""
        if self.kind == "sync":
            return self._take(count, channels, each, options)
        return asyncio.run(
            asyncio.wait_for(self._take_async(count, channels, each, options), STOP_S)
        )

    def _take(
        self,
        count: int,
        channels: tuple[str, ...],
        each: Callable[[Event], object],
        options: dict[str, Any],
    ) -> list[Event]:
        events: list[Event] = []
        with (
            MCPClient(self.hub.url, token=lambda: "t", clock=self.clock) as client,
            client.listen(*channels, on_state=self._heard, **options) as listener,
        ):
            for event in listener:
                events.append(event)
                each(event)
                if len(events) == count:
                    break
            self.gap, self.position = listener.last_gap, listener.position
            self.lags = listener.lags
            assert listener.state == self.states[-1]
            assert listener.lag is not None
        assert list(listener) == []
        return events

    async def _take_async(
        self,
        count: int,
        channels: tuple[str, ...],
        each: Callable[[Event], object],
        options: dict[str, Any],
    ) -> list[Event]:
        events: list[Event] = []
        clock = FakeLoopClock(self.clock)
        async with (
            AsyncMCPClient(self.hub.url, token=lambda: "t", clock=clock) as client,
            client.listen(*channels, on_state=self._heard, **options) as listener,
        ):
            async for event in listener:
                events.append(event)
                await asyncio.to_thread(each, event)
                if len(events) == count:
                    break
            self.gap, self.position = listener.last_gap, listener.position
            self.lags = listener.lags
            assert listener.state == self.states[-1]
            assert listener.lag is not None
        assert [event async for event in _rest(listener)] == []
        return events

    @property
    def said(self) -> list[tuple[str, int | None, str]]:
        """States that were said: word, code, reason."""
        return [(str(state.state), state.code, state.reason) for state in self.states]


async def _rest(listener: AsyncIterator[Event]) -> AsyncIterator[Event]:
    async for event in listener:
        yield event


@pytest.fixture(params=["sync", "async"])
def listen(request: pytest.FixtureRequest, hub: FakeHub) -> Listen:
    """Listen with the blocking client, then with the asyncio one."""
    return Listen(request.param, hub)


def offsets(events: list[Event]) -> list[int | None]:
    """Return where each stands."""
    return [event.offset for event in events]


def test_history_and_what_follows_come_typed(listen: Listen) -> None:
    """The last events first, then those that happen, each with its type."""
    for number in range(1, 4):
        listen.hub.publish(**contract(number))

    events = listen.take(
        3,
        "contracts",
        history=2,
        each=lambda e: e.offset == 3 and listen.hub.publish(**contract(4)),
    )

    assert offsets(events) == [2, 3, 4]
    assert [event.contract and event.contract.contract_id for event in events] == [
        "c-2",
        "c-3",
        "c-4",
    ]
    assert listen.said == [
        ("connecting", None, ""),
        ("connected", None, ""),
        ("disconnected", 1000, "closed"),
    ]


def test_the_upgrade_carries_token_and_name(listen: Listen) -> None:
    """The socket is opened with the same headers as a request, with no channels yet."""
    listen.hub.publish(**contract())
    listen.take(1, "contracts", history=1)

    (request,) = listen.hub.upgrades
    assert request.path == "/ws?channels="
    assert request.headers["Authorization"] == "Bearer t"
    assert request.headers["User-Agent"].startswith("hub-client/")
    assert request.headers["Sec-WebSocket-Protocol"] == "hub.v1.json"


def test_no_channels_are_contracts_and_jobs(listen: Listen) -> None:
    """The position names both, from the first event on."""
    listen.hub.publish(**contract())
    listen.hub.publish("jobs", job_id="j", status="RUNNING")

    events = listen.take(2, history=5)

    assert {event.type for event in events} == {"contract_update", "job_update"}
    assert all(event.position and event.position.startswith("e1;contracts=") for event in events)
    assert events[-1].position == "e1;contracts=1;jobs=1"


def test_a_stored_position_is_where_it_goes_on(listen: Listen) -> None:
    """What was yielded is not yielded again, in another process or another year."""
    for number in range(1, 6):
        listen.hub.publish(**contract(number))
    first = listen.take(2, "contracts", history=5)

    second = listen.take(3, "contracts", since=first[-1].position)

    assert offsets(first + second) == [1, 2, 3, 4, 5]
    assert listen.position == "e1:5"


@pytest.mark.parametrize("code", [1001, 1012, 4408, 4412])
def test_a_cut_is_resumed_without_loss_or_repeat(listen: Listen, code: int) -> None:
    """Every cut is said as connecting, with its code, and no event is lost or comes twice."""
    for number in range(1, 8):
        listen.hub.publish(**contract(number))
    listen.hub.cuts = [(2, code, ""), (3, code, '{"retry_after_ms":250}')]

    events = listen.take(7, "contracts", history=7)

    assert offsets(events) == [1, 2, 3, 4, 5, 6, 7]
    assert [code for _, code, _ in listen.said] == [None, None, code, None, code, None, 1000]
    assert listen.clock.pauses == [0.5, 0.25]
    assert [command.get("since") for command in listen.hub.commands] == [
        None,
        {"epoch": "e1", "offset": 2},
        {"epoch": "e1", "offset": 5},
    ]


def test_being_slow_is_told_and_counted(listen: Listen) -> None:
    """The hub says it once in a while; 0 behind is the end of it, and no other time."""
    view = {"where": {"location": ["Mumbai"]}, "conflate": ("contract_id", 5)}
    told: list[Lag] = []

    def body(event: Event) -> None:
        if event.offset == 1:
            for behind in (7, 0):
                listen.hub.tell(type="lag", channel="contracts", behind=behind, mode="conflated")
            listen.hub.publish(**contract(2))

    listen.hub.publish(**contract(1))
    listen.take(2, "contracts", history=1, each=body, on_lag=told.append, **view)

    assert told == [Lag("contracts", 7, "conflated"), Lag("contracts", 0, "conflated")]
    assert listen.lags == 1
    (command,) = listen.hub.commands
    assert command["where"] == {"location": ["Mumbai"]}
    assert command["conflate"] == {"key": "contract_id", "max_hz": 5}


def test_a_line_that_breaks_while_listening_is_resumed(listen: Listen) -> None:
    """An event published while the client was away arrives."""

    def body(event: Event) -> None:
        if event.offset == 1:
            listen.hub.cut(4412)
            listen.hub.publish(**contract(2))

    listen.hub.publish(**contract(1))

    assert offsets(listen.take(2, "contracts", history=1, each=body)) == [1, 2]


def test_a_hub_that_is_not_ready_is_waited_for(listen: Listen) -> None:
    """429 and 5xx come back with growing waits; Retry-After is not needed."""
    listen.hub.refusals = [(503, b""), (429, b'{"code":"rate_limited"}'), (500, b"")]
    listen.hub.publish(**contract())

    listen.take(1, "contracts", history=1)

    assert listen.said[1:4] == [
        ("connecting", 503, "http_503"),
        ("connecting", 429, "rate_limited"),
        ("connecting", 500, "http_500"),
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationFailed), (403, AuthenticationFailed), (404, RequestRefused)],
)
def test_a_refused_upgrade_is_raised(listen: Listen, status: int, kind: type[Exception]) -> None:
    """Who may not listen is told at once, and does not knock again."""
    listen.hub.refusals = [(status, b'{"code":"unauthenticated"}')]

    with pytest.raises(kind):
        listen.take(1, "contracts")

    assert listen.said[-1] == ("disconnected", status, "unauthenticated")
    assert len(listen.hub.upgrades) == 1


def test_a_final_close_is_raised_after_what_came_before(listen: Listen) -> None:
    """4500-4999 end it, when the events that had come are handled."""
    seen: list[Event] = []
    for number in range(1, 4):
        listen.hub.publish(**contract(number))
    listen.hub.cuts = [(2, 4508, "")]

    with pytest.raises(RequestRefused) as caught:
        listen.take(3, "contracts", history=3, each=seen.append)

    assert (caught.value.code, caught.value.status) == ("connection_limit", 4508)
    assert caught.value.help == f"{listen.hub.url}/docs/errors/connection_limit"
    assert offsets(seen) == [1, 2]


def test_a_gap_is_raised(listen: Listen) -> None:
    """What is gone is an error, with the position to go on from."""
    for number in range(1, 5):
        listen.hub.publish(**contract(number))
    listen.hub.oldest = 4

    with pytest.raises(HistoryGap) as caught:
        listen.take(1, "contracts", since="e1:1")

    assert (caught.value.from_offset, caught.value.to_offset) == (1, 4)
    assert caught.value.position == "e1:4"


def test_a_gap_is_reloaded_as_asked(listen: Listen) -> None:
    """The whole state comes instead, as one snapshot, and the gap is remembered."""
    for number in range(1, 5):
        listen.hub.publish(**contract(number % 3))
    listen.hub.oldest = 4

    (snapshot,) = listen.take(1, "contracts", since="e0:1", on_gap="snapshot")

    assert isinstance(snapshot, Snapshot)
    assert {item["contract_id"] for item in snapshot.items} == {"c-0", "c-1", "c-2"}
    assert snapshot.position == "e1:4"
    assert listen.gap is not None


def test_a_slow_body_loses_nothing(listen: Listen) -> None:
    """More than is read ahead waits in the hub; the socket stays up meanwhile."""
    for number in range(300):
        listen.hub.publish(**contract(number))

    events = listen.take(300, "contracts", history=300, each=lambda _: time.sleep(0.0005))

    assert offsets(events) == list(range(1, 301))
    assert len(listen.hub.upgrades) == 1


def test_a_silent_hub_is_left(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a frame for longer than heartbeats allow, the connection counts as lost."""
    monkeypatch.setattr("hub_client.listening.feed.PATIENCE_S", 0.0)
    listen.hub.heartbeat_s = 0.05
    listen.hub.publish(**contract())

    def tell(state: State) -> None:
        if state.reason == "heartbeat_timeout":
            listen.hub.heartbeat_s = 25.0
            listen.hub.publish(**contract(2))

    listen.tell = tell
    events = listen.take(2, "contracts", history=1)

    assert offsets(events) == [1, 2]
    assert ("connecting", 1006, "heartbeat_timeout") in listen.said


def test_close_from_another_thread_ends_the_loop(hub: FakeHub) -> None:
    """A blocked iteration ends quietly when the client is closed elsewhere."""
    client = MCPClient(hub.url)
    closer = threading.Thread(target=client.close)

    def tell(state: State) -> None:
        if state.state == "connected":
            closer.start()

    listener = client.listen("contracts", on_state=tell)

    assert list(listener) == []
    closer.join()
    assert listener.state.reason == "closed"


async def test_close_from_another_task_ends_the_loop(hub: FakeHub) -> None:
    """The same for asyncio."""
    client = AsyncMCPClient(hub.url)
    closers: list[asyncio.Task[None]] = []

    def tell(state: State) -> None:
        if state.state == "connected":
            closers.append(asyncio.create_task(client.close()))

    listener = client.listen("contracts", on_state=tell)

    async with asyncio.timeout(STOP_S):
        assert [event async for event in listener] == []
        await closers[0]
    assert listener.state.reason == "closed"


def closed_port() -> str:
    """Return an address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_close_ends_a_real_wait() -> None:
    """A listener that waits to come back is ended at once, by the real clock as well."""
    with MCPClient(closed_port()) as client:
        closer = threading.Thread(target=client.close)

        def tell(state: State) -> None:
            if state.retry_in_s:
                closer.start()

        assert list(client.listen(on_state=tell)) == []
        closer.join()


async def test_close_ends_a_real_wait_async() -> None:
    """The same for asyncio."""
    closers: list[asyncio.Task[None]] = []
    async with AsyncMCPClient(closed_port()) as client:

        def tell(state: State) -> None:
            if state.retry_in_s:
                closers.append(asyncio.create_task(client.close()))

        listener = client.listen(on_state=tell)
        async with asyncio.timeout(STOP_S):
            assert [event async for event in listener] == []
            await closers[0]
