"""A server that loses, doubles, mixes up or ends something is found out."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable

import pytest

from hub.bench import crowd, run
from hub.bench.frames import CLOSE, PING
from hub.bench.load import Load, Target
from hub.bench.poster import Poster
from hub.bench.result import Result, late
from hub.bench.run import Progress, check, measure
from hub.errors import Unavailable
from hub.realtime.frames import Frame

LOAD = Load(connections=3, publishers=1, rate=100, size=200, duration=0.1)
# A machine under load posts fewer than fifty, but the ten that the faults are among.
LONGER = LOAD._replace(duration=0.5)


class Server:
    """Passes posts on to sockets, as its fault lets it."""

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._sockets: list[asyncio.StreamWriter] = []
        self.posts = 0
        self._held = b""
        self.peers: list[str] = []
        self.pongs: list[bytes] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.append(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"upgrade: websocket" in head:
                await self._follow(reader, writer)
                return
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
            self._deliver(await reader.readexactly(length))
            if self._fault == "mute" and self.posts == 5:
                await reader.read()
                return
            refused = self._fault == "refused" and self.posts == 5
            status = b"503 No" if refused else b"204 Yes"
            writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
            if self._fault == "impatient":
                return

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault == "full":
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\n\r\nenough of you")
            return
        writer.write(b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n")
        writer.write(bytes((PING, 2)) + b"hi" + Frame(b'{"type":"welcome"}').wire)
        self._sockets.append(writer)
        self.peers.append(writer.get_extra_info("peername")[0])
        self.pongs.append(await reader.readexactly(8))
        await reader.read()

    def _deliver(self, text: bytes) -> None:
        self.posts += 1
        if self._fault == "late" and self.posts >= 10:
            asyncio.get_running_loop().call_later(0.3, self._send, Frame(text).wire)
        else:
            self._send(Frame(text).wire)

    def _send(self, frame: bytes) -> None:
        for number, socket in enumerate(self._sockets):
            socket.write(b"".join(self._as_seen(frame, number)))
        if self.posts == 5:
            self._held = frame

    def _as_seen(self, frame: bytes, number: int) -> Iterable[bytes]:
        if self.posts == 5 and number == 0:
            match self._fault:
                case "lost" | "mixed up":
                    return []
                case "twice":
                    return [frame, frame]
                case "ended":
                    return [frame, bytes((CLOSE, 2)) + (4408).to_bytes(2, "big")]
        if self.posts == 6 and number == 0 and self._fault == "mixed up":
            return [frame, self._held]
        return [frame]


@contextlib.asynccontextmanager
async def serving(fault: str) -> AsyncIterator[tuple[Target, Server]]:
    """A server with one fault."""
    server = Server(fault)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield Target("faulty", f"http://127.0.0.1:{port}", "/follow", "/post"), server
        await asyncio.gather(*server.tasks)


async def report(fault: str) -> Result:
    """Put a small load on such a server."""
    async with serving(fault) as (target, _):
        return await measure(target, LOAD)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param("", (0, 0, 0, 0), id="sound"),
        pytest.param("late", (0, 0, 0, 0), id="sound, though its last event is late"),
        pytest.param("lost", (1, 0, 0, 0), id="lost"),
        pytest.param("twice", (0, 1, 1, 0), id="twice"),
        pytest.param("mixed up", (0, 0, 0, 1), id="out of order"),
    ],
)
async def test_faults_are_counted(
    fault: str, expected: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One delivery that went wrong is one, under its name."""
    monkeypatch.setattr(crowd, "QUIET_S", 1)

    async with serving(fault) as (target, server):
        result = await measure(target, LONGER)

    found = (result.lost, result.surplus, result.duplicated, result.reordered)
    assert found == expected
    assert result.sound is (expected == (0, 0, 0, 0))
    assert result.events == server.posts


async def test_connection_that_was_ended_is_told_with_its_code() -> None:
    """A subscriber that was sent away makes the run unsound, and its later events are lost."""
    async with serving("ended") as (target, server):
        result = await measure(target, LOAD)

    assert result.ended == {4408: 1}
    assert result.lost == server.posts - 5
    assert not result.sound


async def test_publisher_that_was_refused_ends_with_the_reason() -> None:
    """A post that is not answered 2xx ends its publisher; what was not reached is said."""
    result = await report("refused")

    assert result.failures == ["HTTP/1.1 503 No: "]
    assert result.events == 4
    assert late(result, LOAD)


async def test_publisher_without_an_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing does not hold the run for ever."""
    monkeypatch.setattr(run, "LAST_ANSWER_S", 0.2)

    result = await report("mute")

    assert result.failures == ["no answer came"]
    assert result.surplus == 3


async def test_publisher_that_was_idle_comes_again() -> None:
    """Servers close what was idle for seconds: at a low rate that is no failure."""
    load = LOAD._replace(rate=4, duration=0.6)

    async with serving("impatient") as (target, server):
        result = await measure(target, load)

    assert (result.failures, result.lost) == ([], 0)
    assert result.events == server.posts == 3


async def test_publisher_that_finds_nobody_again_ends_with_the_reason() -> None:
    """A server that has gone while nothing was asked of it is told of at the next post."""
    async with serving("impatient") as (target, _):
        poster = Poster(target, LOAD._replace(rate=4, duration=60), 0, time.monotonic())
        await poster.connect()
    await poster.done

    assert poster.answered == 1
    assert poster.failure.startswith("could not connect again: ")


async def test_load_takes_as_long_as_was_asked() -> None:
    """What comes a second is told of the whole time, and not of that until the last event."""
    async with serving("") as (target, _):
        result = await measure(target, LOAD._replace(rate=5, duration=0.3))

    assert result.events == 2
    assert result.seconds >= 0.3


async def test_publisher_that_never_connected_can_be_ended() -> None:
    """Where one publisher finds no way in, the others that wait for theirs end too."""
    poster = Poster(Target("any", "http://127.0.0.1:1", "/", "/"), LOAD, 0, 0.0)

    poster.give_up()

    assert poster.done.done()
    assert poster.failure == "no answer came"


async def test_connections_that_nobody_takes_end_the_run() -> None:
    """Also the listeners that were not even connected are ended, and the reason is told."""
    with pytest.raises(Unavailable, match=r"of 3 connections about 0 were let in"):
        await measure(Target("any", "http://127.0.0.1:1", "/", "/"), LOAD)


async def test_connection_that_was_not_let_in_ends_the_run() -> None:
    """A refused upgrade is told with the server's own words."""
    with pytest.raises(Unavailable, match=r"about 0 were let in.*429.*enough of you"):
        await report("full")


async def test_pings_are_answered() -> None:
    """Each ping gets a pong with its payload: the server must not take us for dead."""
    async with serving("") as (target, server):
        await measure(target, LOAD)

    assert server.pongs == [b"\x8a\x82\0\0\0\0hi"] * 3


async def test_more_connections_than_ports_come_from_more_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One address has 28,232 ports towards a server; beyond, loopback has other addresses."""
    monkeypatch.setattr(crowd, "PORTS", 4)

    async with serving("") as (target, server):
        result = await measure(target, LOAD._replace(connections=10))

    assert Counter(server.peers) == {"127.0.0.1": 4, "127.0.0.2": 4, "127.0.0.3": 2}
    assert result.sound


async def test_progress_is_told() -> None:
    """Who watches learns the phases in their order, and how much of each is done."""
    told: list[Progress] = []

    async with serving("") as (target, _):
        await measure(target, LOAD, told.append)

    assert list(dict.fromkeys(each.phase for each in told)) == [
        "connecting",
        "publishing",
        "waiting for the last events",
    ]
    assert told[0] == Progress("connecting", 3, 3)


def test_event_must_fit_into_its_frame() -> None:
    """Frames too small for what is measured are refused, and the least size is named."""
    target = Target("any", "http://127.0.0.1:1", "/", "/")

    with pytest.raises(ValueError, match="at least 90 bytes a frame, got 89"):
        check(target, LOAD._replace(size=89))

    check(target, LOAD._replace(size=90))
