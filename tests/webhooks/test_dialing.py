"""Dialling: every answer of the resolver is judged, and what is judged is dialled."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from hub.webhooks import dialing, names
from hub.webhooks.addresses import Address, Own, Reach, read_networks
from hub.webhooks.dialing import Resolve
from hub.webhooks.names import Names
from hub.webhooks.sender import Answer, Request
from hub.webhooks.sending import HttpSender
from support import hostile
from support.clocks import FakeClock
from support.hostile import StubNames, receiving

ONE = Reach(opened=read_networks("127.0.0.1/32"))
LOOPBACK = Reach(opened=read_networks("127.0.0.0/8,::1/128"))


@pytest.fixture
def stub() -> StubNames:
    """A name server that says what it is told to."""
    return StubNames()


@pytest.fixture
async def sender(stub: StubNames) -> AsyncIterator[HttpSender]:
    """A sender that may go to 127.0.0.1 alone."""
    sender = sender_of(ONE, stub)
    yield sender
    await sender.close()


def sender_of(reach: Reach, resolve: Resolve) -> HttpSender:
    """Return a sender."""
    context = ssl.create_default_context()
    return HttpSender(lambda: reach, resolve, FakeClock(), context=context)


def request(port: int, host: str = "a.example", path: str = "/hook") -> Request:
    """Return a request."""
    return Request(f"http://{host}:{port}{path}", [("webhook-id", "evt")], b"{}")


async def test_a_name_that_leads_elsewhere_next_time_gains_nothing(
    sender: HttpSender, stub: StubNames
) -> None:
    """It is looked up once a connection, and what was judged is dialled (DNS rebinding)."""
    stub.say("a.example", "127.0.0.1", "127.0.0.2")
    async with receiving(hostile.friendly, host="0.0.0.0") as receiver:
        first = await sender.send(request(receiver.port))
        kept = await sender.send(request(receiver.port))
        await sender.close()
        fresh = sender_of(ONE, stub)
        later = await fresh.send(request(receiver.port))

    assert (first.failure, first.address) == (None, "127.0.0.1")
    assert (kept.failure, kept.address, kept.dns_us, kept.connect_us) == (
        None, "127.0.0.1", None, None,
    )  # fmt: skip
    assert later.failure == "dns"
    assert stub.asked == ["a.example"] * 2
    assert (receiver.connections, len(receiver.requests)) == (1, 2)


@pytest.mark.parametrize(
    "said",
    [
        "127.0.0.1 10.0.0.1",
        "10.0.0.1 127.0.0.1",
        "127.0.0.1 ::1",
        "127.0.0.1 ::ffff:169.254.169.254",
        "127.0.0.1 127.0.0.1 127.0.0.2",
        "127.0.0.1 8.8.8.8",
    ],
)
async def test_one_denied_answer_denies_all(sender: HttpSender, stub: StubNames, said: str) -> None:
    """A name that leads inside with one of its answers is not believed with the others."""
    stub.say("a.example", said)
    async with receiving(hostile.friendly) as receiver:
        answer = await sender.send(request(receiver.port))

    assert (answer.failure, receiver.connections) == ("dns", 0)


async def test_what_is_blocked_tells_nothing(sender: HttpSender) -> None:
    """The same answer whatever is there, so nobody can look around in the network by it."""
    places = ["10.0.0.1", "127.0.0.2", "169.254.169.254"]
    async with receiving(hostile.friendly, host="127.0.0.2") as receiver:
        answers = [await sender.send(request(receiver.port, place)) for place in places]

    blocked = Answer(None, "blocked", "webhooks do not go to this address")
    assert {answer._replace(total_us=0) for answer in answers} == {blocked}
    assert receiver.connections == 0


async def test_a_name_that_leads_inside_is_as_good_as_none(
    sender: HttpSender, stub: StubNames
) -> None:
    """Or the names of the hub's network could be asked for, one by one."""
    places = ["10.0.0.1", "127.0.0.2", "169.254.169.254", "::1", "fd00::1", "127.0.0.1 10.0.0.1"]
    answers = [await sender.send(request(8000, "nobody.example"))]
    stub.say("empty.example", "")
    answers.append(await sender.send(request(8000, "empty.example")))
    for number, said in enumerate(places):
        stub.say(f"a{number}.example", said)
        answers.append(await sender.send(request(8000, f"a{number}.example")))

    not_found = Answer(None, "dns", "the name was not found, or leads where webhooks do not go")
    assert {answer._replace(total_us=0) for answer in answers} == {not_found}


async def test_the_next_address_is_tried(stub: StubNames) -> None:
    """One of them may be dead; IPv4 and IPv6 take turns."""
    stub.say("a.example", "127.0.0.2 127.0.0.3 ::1 127.0.0.1")
    sender = sender_of(LOOPBACK, stub)
    async with receiving(hostile.friendly) as receiver:
        answer = await sender.send(request(receiver.port))
        await sender.close()

    assert (answer.failure, answer.address) == (None, "127.0.0.1")
    assert answer.dns_us is not None


async def test_a_look_up_has_a_deadline_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says nothing does not take the whole exchange's time."""
    monkeypatch.setattr(dialing, "RESOLVE_S", 0.05)
    sender = sender_of(ONE, hanging)

    answer = await sender.send(request(443))

    assert (answer.failure, answer.detail) == ("dns", "the name was not found within 0.05 s")


async def hanging(name: str) -> Sequence[Address]:
    """Never return."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError(name)


async def test_names_are_looked_up_by_the_system() -> None:
    """`localhost` leads to this machine; a name that cannot be leads nowhere."""
    resolve = Names()

    found = await resolve("localhost")

    assert found
    assert all(address.is_loopback for address in found)
    with pytest.raises(OSError, match=r"."):
        await resolve("nobody.invalid")


async def test_a_name_that_hangs_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else asks waits for the same thread; other names are not held up."""
    asked: list[str] = []
    go = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(name: str, found: "asyncio.Future[Sequence[Address]]") -> None:
        asked.append(name)
        if name == "dead.example":
            waiting = asyncio.run_coroutine_threadsafe(go.wait(), loop)
            waiting.result()
        loop.call_soon_threadsafe(names._tell, found, [])

    monkeypatch.setattr(names, "_look", look)
    resolve = Names()
    dead = [asyncio.create_task(resolve_it(resolve, "dead.example")) for _ in range(5)]
    await asyncio.sleep(0)
    dead[0].cancel()

    alive = await resolve("a.example")
    go.set()
    left = await asyncio.gather(*dead, return_exceptions=True)

    assert (alive, left[1:]) == ([], [[]] * 4)
    assert asked == ["dead.example", "a.example"]


async def resolve_it(resolve: Names, name: str) -> Sequence[Address]:
    """Look a name up, as a task wants it."""
    return await resolve(name)


async def test_so_many_look_ups_hang_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a thread that nothing takes back."""
    monkeypatch.setattr(names, "MAX_LOOKUPS", 2)
    monkeypatch.setattr(names, "_look", lambda _name, _found: None)
    resolve = Names()
    tasks = [asyncio.create_task(resolve_it(resolve, name)) for name in ("a", "b")]
    await asyncio.sleep(0)

    with pytest.raises(OSError, match="too many look-ups hang"):
        await resolve("c")

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_without_a_thread_a_name_is_not_found(
    sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is full fails the attempt, not the sender; the next look-up is a new one."""

    class Full:
        def __init__(self, **_: object) -> None:
            pass

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    resolve = Names()
    with monkeypatch.context() as full:
        full.setattr(threading, "Thread", Full)
        with pytest.raises(OSError, match="no thread"):
            await resolve("localhost")

    assert await resolve("localhost")
    assert (await sender.send(request(443))).failure == "dns"


async def test_a_connection_is_kept(sender: HttpSender) -> None:
    """Two requests, one connection; `connection: close` is obeyed."""
    async with receiving(hostile.friendly) as receiver:
        for _ in range(3):
            assert (await sender.send(request(receiver.port, "127.0.0.1"))).failure is None
    closing = hostile.OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
    async with receiving(always(closing)) as other:
        for _ in range(3):
            assert (await sender.send(request(other.port, "127.0.0.1"))).failure is None

    assert (receiver.connections, len(receiver.requests)) == (1, 3)
    assert (other.connections, len(other.requests)) == (3, 3)


@pytest.mark.parametrize(
    "surplus",
    [
        pytest.param(hostile.OK, id="an answer nobody asked for"),
        pytest.param(b"H", id="its first byte"),
    ],
)
async def test_a_connection_with_more_than_an_answer_is_not_kept(
    sender: HttpSender, surplus: bytes
) -> None:
    """It would be read as the answer to the next request."""
    async with receiving(always(hostile.OK + surplus)) as receiver:
        answers = [await sender.send(request(receiver.port, "127.0.0.1")) for _ in range(2)]

    assert [answer.failure for answer in answers] == [None, None]
    assert receiver.connections == 2


def always(said: bytes) -> hostile.Behaviour:
    """Return a behaviour that gives every request this answer."""

    async def behave(talk: hostile.Talk) -> None:
        while True:
            await talk.request()
            await talk.say(said)

    return behave


@pytest.mark.parametrize(
    "is_reset", [pytest.param(True, id="reset"), pytest.param(False, id="closed")]
)
async def test_a_kept_connection_that_is_dead_costs_no_attempt(
    sender: HttpSender, *, is_reset: bool
) -> None:
    """The receiver ends it as the request goes out: it goes again at once, on a new one."""

    async def behave(talk: hostile.Talk) -> None:
        await talk.request()
        await talk.say(hostile.OK)
        if talk.receiver.connections == 1:
            await talk.request()
            if is_reset:
                talk.linger()
            return
        await hostile.friendly(talk)

    async with receiving(behave) as receiver:
        first = await sender.send(request(receiver.port, "127.0.0.1"))
        second = await sender.send(request(receiver.port, "127.0.0.1"))

    assert (first.failure, second.failure) == (None, None)
    assert second.connect_us is not None
    assert receiver.connections == 2


async def test_with_a_byte_of_answer_it_was_an_attempt(sender: HttpSender) -> None:
    """The receiver has read the request and begun to answer: it is not sent twice at once."""

    async def behave(talk: hostile.Talk) -> None:
        await talk.request()
        await talk.say(hostile.OK)
        await talk.request()
        await talk.say(b"HTTP/1.1 2")

    async with receiving(behave) as receiver:
        first = await sender.send(request(receiver.port, "127.0.0.1"))
        second = await sender.send(request(receiver.port, "127.0.0.1"))

    assert (first.failure, second.failure) == (None, "protocol")
    assert (receiver.connections, len(receiver.requests)) == (1, 2)


async def test_a_new_connection_that_dies_is_an_attempt(sender: HttpSender) -> None:
    """Once more at once, and no more: a receiver that always hangs up is not hammered."""

    async def behave(talk: hostile.Talk) -> None:
        await talk.request()
        if talk.receiver.connections == 1:
            await talk.say(hostile.OK)
            await talk.request()

    async with receiving(behave) as receiver:
        first = await sender.send(request(receiver.port, "127.0.0.1"))
        second = await sender.send(request(receiver.port, "127.0.0.1"))

    assert (first.failure, second.failure) == (None, "protocol")
    assert (receiver.connections, len(receiver.requests)) == (2, 3)


async def test_closing_lets_all_connections_go(sender: HttpSender) -> None:
    """The receiver sees it, and nothing is kept afterwards."""

    async def behave(talk: hostile.Talk) -> None:
        await talk.request()
        await talk.say(hostile.OK)
        await talk.wait_for_the_end()

    async with receiving(behave) as receiver:
        await sender.send(request(receiver.port, "127.0.0.1"))
        await sender.close()
        await receiver.ended.wait()
        receiver.ended.clear()
        await sender.send(request(receiver.port, "127.0.0.1"))
        await receiver.ended.wait()

    assert receiver.connections == 2


async def test_the_hub_knows_itself_by_any_address_of_its_machine() -> None:
    """Listening on all of them: from an address of its own it connects to the same address."""
    ours = own_address()
    async with receiving(hostile.friendly, host="0.0.0.0") as hub:
        reach = Reach(
            opened=read_networks(f"{ours},127.0.0.0/8"), own=Own("0.0.0.0", hub.port), http=True,
            ports=frozenset({hub.port}),
        )  # fmt: skip
        sender = sender_of(reach, StubNames())
        answer = await sender.send(request(hub.port, ours, "/api/jobs"))
        receiver = await sender.send(request(hub.port, ours, "/webhook/c-1"))
        await sender.close()

    assert (answer.failure, answer.status) == ("loop", None)
    assert receiver.status == 200
    assert len(hub.requests) == 1


def own_address() -> str:
    """Return an address of this machine that is not loopback, or loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks for the way
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
