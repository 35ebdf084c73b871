"""The sender against real receivers, most of them hostile."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub.webhooks.addresses import Own, Reach, read_networks
from hub.webhooks.sender import MAX_ANSWER, Request
from hub.webhooks.sending import HttpSender, tls_context
from support import hostile
from support.certificates import certificate
from support.clocks import FakeClock
from support.hostile import Behaviour, StubNames, receiving, saying

LOOPBACK = Reach(opened=read_networks("127.0.0.0/8,::1/128"))
HEADERS = (("content-type", "application/json"), ("webhook-id", "evt"))
BODY = b'{"id":"evt"}'
SHORT_S = 0.3  # a deadline for those that never end
LONG_S = 30.0  # and one for those that do

MakeSender = Callable[..., HttpSender]


@pytest.fixture
async def sender_for() -> AsyncIterator[MakeSender]:
    """Make senders that are closed in the end."""
    made: list[HttpSender] = []

    def make(
        reach: Reach = LOOPBACK,
        names: StubNames | None = None,
        deadline_s: float = LONG_S,
        context: ssl.SSLContext | None = None,
    ) -> HttpSender:
        sender = HttpSender(
            lambda: reach,
            names or StubNames(),
            FakeClock(),
            context=context or ssl.create_default_context(),
            deadline_s=deadline_s,
        )
        made.append(sender)
        return sender

    yield make
    for sender in made:
        await sender.close()


def request(
    port: int, path: str = "/hook", host: str = "127.0.0.1", scheme: str = "http"
) -> Request:
    """Return a request to this machine."""
    return Request(f"{scheme}://{host}:{port}{path}", HEADERS, BODY)


async def test_a_request_is_what_was_asked_for_and_little_else(sender_for: MakeSender) -> None:
    """Host, hop, length and an identity encoding are added; the answer and its times come back."""
    async with receiving(hostile.friendly) as receiver:
        answer = await sender_for().send(request(receiver.port, "/a?b=c"))

    head, _, body = receiver.requests[0].decode().partition("\r\n\r\n")
    assert head.split("\r\n") == [
        "POST /a?b=c HTTP/1.1",
        f"host: 127.0.0.1:{receiver.port}",
        "hub-hop: 1",
        "accept-encoding: identity",
        f"content-length: {len(BODY)}",
        "content-type: application/json",
        "webhook-id: evt",
    ]
    assert body == BODY.decode()
    assert (answer.status, answer.failure, answer.body, answer.body_bytes) == (200, None, b"ok", 2)
    assert (answer.address, answer.dns_us) == ("127.0.0.1", None)
    assert None not in (answer.connect_us, answer.first_byte_us)
    assert answer.total_us >= (answer.connect_us or 0) + (answer.first_byte_us or 0)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("behaviour", "status", "failure", "detail"),
    [
        pytest.param(hostile.resets, None, "protocol", "without an answer", id="a reset"),
        pytest.param(hostile.resets_at_once, None, "protocol", "without", id="a reset at once"),
        pytest.param(saying(), None, "protocol", "without an answer", id="a close"),
        pytest.param(
            saying(HEAD), None, "protocol", "before the answer's end", id="half a head"
        ),
        pytest.param(
            saying(HEAD + b"content-length: 9\r\n\r\nab"),
            200, "protocol", "before the answer's end", id="less than was said",
        ),
        pytest.param(
            saying(CHUNKED + b"2\r\nok\r\n"), 200, "protocol", "before", id="no last chunk"
        ),
        pytest.param(
            saying(CHUNKED + b"zz\r\n", close=False),
            200, "protocol", "no HTTP/1.1", id="garbage for a chunk",
        ),
        pytest.param(
            saying(HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", close=False),
            None, "protocol", "no HTTP/1.1", id="a length beside chunks",
        ),
        pytest.param(
            saying(HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n", close=False),
            None, "protocol", "no HTTP/1.1", id="two lengths",
        ),
        pytest.param(
            saying(b"SSH-2.0-OpenSSH_9.6\r\n", close=False),
            None, "protocol", "no HTTP/1.1", id="another protocol",
        ),
        pytest.param(
            saying(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", close=False),
            None, "protocol", "no HTTP/1.1", id="HTTP/2",
        ),
        pytest.param(
            saying(b"\x15\x03\x01\x00\x02\x02\x16", close=False),
            None, "protocol", "no HTTP/1.1", id="TLS",
        ),
        pytest.param(
            saying(b"HTTP/1.1 101 \r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", close=False),
            None, "protocol", "another protocol", id="an upgrade",
        ),
        pytest.param(
            saying(b"HTTP/1.1 101 Switching\r\n\r\n", close=False),
            None, "protocol", "another protocol", id="an upgrade to nothing",
        ),
        pytest.param(
            hostile.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            None, "protocol", "informational", id="a flood of 100 Continue",
        ),
        pytest.param(
            hostile.endless(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
            None, "protocol", "informational", id="a flood of 103",
        ),
        pytest.param(
            hostile.endless(HEAD + b"x-a: ", b"a" * 1000),
            None, "too_large", "larger than 64 KiB", id="a header without an end",
        ),
        pytest.param(
            hostile.endless(HEAD, b"x-a: b\r\n"),
            None, "too_large", "larger than 64 KiB", id="headers without an end",
        ),
        pytest.param(
            saying(HEAD + b"x-a: " + b"a" * 70_000 + b"\r\n\r\n", close=False),
            200, "too_large", "larger than 64 KiB", id="a large header",
        ),
        pytest.param(
            hostile.endless(b"HTTP/1.1 ", b"a"), None, "protocol", "no HTTP", id="no status",
        ),
        pytest.param(
            saying(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", close=False),
            410, "status", "the answer was 410", id="gone",
        ),
        pytest.param(
            saying(b"HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n", close=False),
            500, "status", "the answer was 500", id="an error",
        ),
        pytest.param(
            saying(b"HTTP/1.1 304 Not Modified\r\n\r\n", close=False),
            304, "redirect", "304: redirects are not", id="a redirect to nowhere",
        ),
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_is_a_failure(
    sender_for: MakeSender, behaviour: Behaviour, status: int | None, failure: str, detail: str
) -> None:
    """One word and one line, whatever the receiver does; nothing is waited for."""
    async with receiving(behaviour) as receiver:
        answer = await sender_for().send(request(receiver.port))

    assert (answer.status, answer.failure) == (status, failure)
    assert detail in answer.detail


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        pytest.param(hostile.silent, None, id="silence"),
        pytest.param(hostile.dripping(HEAD[:9], b""), None, id="half a status"),
        pytest.param(hostile.dripping(HEAD, b"a"), None, id="a header, byte by byte"),
        pytest.param(
            hostile.dripping(HEAD + b"content-length: 9999\r\n\r\n", b"a"),
            200, id="a body, byte by byte",
        ),
        pytest.param(hostile.dripping(CHUNKED, b"1\r\na\r\n"), 200, id="chunks, byte by byte"),
        pytest.param(hostile.dripping(HEAD + b"\r\n", b"a"), 200, id="a body without an end"),
    ],
)  # fmt: skip
async def test_the_deadline_is_over_the_whole_exchange(
    sender_for: MakeSender, behaviour: Behaviour, status: int | None
) -> None:
    """Whoever sends a byte now and then gets no more time by it, nor whoever said 200 first."""
    async with receiving(behaviour) as receiver:
        answer = await sender_for(deadline_s=SHORT_S).send(request(receiver.port))

    assert (answer.status, answer.failure) == (status, "timeout")
    assert answer.address == "127.0.0.1"


@pytest.mark.parametrize(
    ("behaviour", "kept"),
    [
        pytest.param(
            hostile.endless(HEAD + b"content-length: 1073741824\r\n\r\n"), b"x", id="a gigabyte"
        ),
        pytest.param(hostile.endless(HEAD + b"\r\n"), b"x", id="a gigabyte without a length"),
        pytest.param(
            hostile.endless(CHUNKED, b"10000\r\n" + hostile.CHUNK + b"\r\n"), b"x", id="chunks"
        ),
        pytest.param(
            hostile.endless(CHUNKED + b"1;", b"a" * 4096), b"", id="a chunk that is all padding"
        ),
    ],
)
async def test_of_an_endless_answer_the_beginning_is_kept(
    sender_for: MakeSender, behaviour: Behaviour, kept: bytes
) -> None:
    """16 KiB of it; then the connection is closed, and the status counts."""
    async with receiving(behaviour) as receiver:
        answer = await sender_for().send(request(receiver.port))
        await receiver.ended.wait()

    assert (answer.status, answer.failure) == (200, None)
    assert answer.body == kept * MAX_ANSWER
    assert (answer.body_bytes > MAX_ANSWER) is bool(kept)


async def test_behind_16_kib_nothing_is_waited_for(sender_for: MakeSender) -> None:
    """Who has said so much has taken it: the rest, which may never come, is not read."""
    begun = HEAD + b"content-length: 1073741824\r\n\r\n" + b"x" * (MAX_ANSWER + 1)
    async with receiving(saying(begun, close=False)) as receiver:
        answer = await sender_for().send(request(receiver.port))

    assert (answer.status, answer.failure, len(answer.body)) == (200, None, MAX_ANSWER)


async def test_nothing_is_unpacked(sender_for: MakeSender) -> None:
    """A gzip bomb stays the bytes that came."""
    packed = hostile.bomb()
    async with receiving(saying(packed, close=False)) as receiver:
        answer = await sender_for().send(request(receiver.port))

    assert (answer.status, answer.failure) == (200, None)
    assert answer.body == packed.partition(b"\r\n\r\n")[2][:MAX_ANSWER]


@pytest.mark.parametrize(
    ("said", "body"),
    [
        pytest.param(HEAD + b"\r\nas it is", b"as it is", id="until it is closed"),
        pytest.param(CHUNKED + b"2\r\nok\r\n0\r\nx: y\r\n\r\n", b"ok", id="chunks and a trailer"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="no content"),
        pytest.param(b"HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n", b"", id="any 2xx"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nok", b"ok", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + hostile.OK, b"ok", id="100 first"),
        pytest.param(hostile.OK + hostile.OK, b"ok", id="two answers"),
        pytest.param(HEAD + b"content-length: 2\r\n\r\n\x00\xff", b"\x00\xff", id="no text"),
    ],
)
async def test_a_whole_answer_with_2xx_is_a_success(
    sender_for: MakeSender, said: bytes, body: bytes
) -> None:
    """However it is framed."""
    async with receiving(saying(said)) as receiver:
        answer = await sender_for().send(request(receiver.port))

    assert (answer.failure, answer.detail, answer.body) == (None, "", body)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_not_followed(
    sender_for: MakeSender, status: int
) -> None:
    """Else body and signature would go to wherever the receiver says, with an address unjudged."""
    async with receiving(hostile.friendly) as inner:
        location = f"http://u:p@127.0.0.1:{inner.port}/secret?token=t"
        said = f"HTTP/1.1 {status} \r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        async with receiving(saying(said.encode(), close=False)) as receiver:
            answer = await sender_for().send(request(receiver.port))

    assert (answer.status, answer.failure) == (status, "redirect")
    assert answer.detail == f"{status} to 127.0.0.1: redirects are not followed"
    assert inner.connections == 0


async def test_the_answer_says_when_to_come_back(sender_for: MakeSender) -> None:
    """By Retry-After, as seconds from now."""
    said = b"HTTP/1.1 503 \r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n"
    async with receiving(saying(said)) as receiver:
        answer = await sender_for().send(request(receiver.port))

    assert (answer.status, answer.retry_after_s) == (503, 120.0)


@pytest.mark.parametrize(
    "header", [("x-a", "b\r\nx-c: d"), ("x-a\n", "b"), ("x-a", "b\0"), ("x-a", "☃"), ("x\r", "")]
)
async def test_a_header_that_is_two_is_not_sent(
    sender_for: MakeSender, header: tuple[str, str]
) -> None:
    """Nothing goes out, not even a connection."""
    async with receiving(hostile.friendly) as receiver:
        asked = request(receiver.port)
        answer = await sender_for().send(Request(asked.url, [*HEADERS, header], BODY))

    assert (answer.failure, receiver.connections) == ("protocol", 0)


async def test_the_environment_has_no_say(
    sender_for: MakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would look names up by itself, where nobody judges them."""
    async with receiving(hostile.friendly) as proxy, receiving(hostile.friendly) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = await sender_for().send(request(receiver.port))

    assert (answer.failure, proxy.connections, receiver.connections) == (None, 0, 1)


async def test_the_hub_calls_itself_at_its_receiver_alone() -> None:
    """Without an opened network, too; elsewhere not even with one."""
    async with receiving(hostile.friendly) as hub:
        own = Own("127.0.0.1", hub.port)
        open_sender = HttpSender(
            lambda: LOOPBACK._replace(own=own), StubNames(), FakeClock(),
            context=ssl.create_default_context(),
        )  # fmt: skip
        closed = HttpSender(
            lambda: Reach(own=own), StubNames(), FakeClock(),
            context=ssl.create_default_context(),
        )  # fmt: skip

        taken = await closed.send(request(hub.port, "/webhook/c-1"))
        refused = await closed.send(request(hub.port, "/api/jobs"))
        looping = await open_sender.send(request(hub.port, "/api/jobs"))
        after = await open_sender.send(request(hub.port, "/webhook/c-1"))
        kept = await open_sender.send(request(hub.port, "/api/jobs"))
        await open_sender.close()
        await closed.close()

    assert (taken.status, after.status) == (200, 200)
    assert [answer.failure for answer in (refused, looping, kept)] == ["blocked", "loop", "loop"]
    assert len(hub.requests) == 2


async def test_a_receiver_is_known_by_its_certificate(
    sender_for: MakeSender, tmp_path: Path
) -> None:
    """The name stays for the certificate and for Host although an address is dialled."""
    made = certificate(tmp_path, "a.example")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(made.cert, made.key)
    names = StubNames().say("a.example", "127.0.0.1").say("b.example", "127.0.0.1")
    trusting = tls_context()
    trusting.load_verify_locations(made.cert)

    async with receiving(hostile.friendly, context=served) as receiver:
        sender = sender_for(names=names, context=trusting)
        right = await sender.send(request(receiver.port, host="a.example", scheme="https"))
        other_name = await sender.send(request(receiver.port, host="b.example", scheme="https"))
        by_address = await sender.send(request(receiver.port, scheme="https"))
        stranger = await sender_for(names=names, context=tls_context()).send(
            request(receiver.port, host="a.example", scheme="https")
        )

    assert (right.status, right.failure, right.address) == (200, None, "127.0.0.1")
    assert right.dns_us is not None
    assert f"host: a.example:{receiver.port}".encode() in receiver.requests[0]
    assert [a.failure for a in (other_name, by_address, stranger)] == ["tls"] * 3
    assert "mismatch" in other_name.detail
    assert "self-signed" in stranger.detail or "self signed" in stranger.detail
    assert len(receiver.requests) == 1


def test_authorities_are_known_where_the_system_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in small images: else no receiver of the world would be believed."""
    nowhere = ssl.get_default_verify_paths()._replace(cafile="", capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(
        ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )

    assert tls_context().cert_store_stats()["x509_ca"] > 50


async def test_a_handshake_has_the_same_deadline(sender_for: MakeSender) -> None:
    """Also of a receiver that takes the connection and says nothing."""
    async with receiving(hostile.silent) as receiver:
        answer = await sender_for(deadline_s=SHORT_S).send(request(receiver.port, scheme="https"))

    assert (answer.failure, answer.status) == ("timeout", None)


async def test_a_receiver_without_tls_is_not_sent_to(sender_for: MakeSender) -> None:
    """It sees a handshake, and no event."""
    async with receiving(saying(close=True)) as receiver:
        port = receiver.port
    async with receiving(greeting) as receiver:
        answer = await sender_for().send(request(receiver.port, scheme="https"))
    nobody = await sender_for().send(request(port))

    assert answer.failure in {"tls", "connect"}
    assert (nobody.failure, nobody.detail) == ("connect", "could not connect: connection refused")
    assert receiver.requests == []


async def greeting(talk: hostile.Talk) -> None:
    """Say hello before anybody asked, as mail servers do."""
    await talk.say(b"220 mail.example ESMTP\r\n")
    await talk.wait_for_the_end()


async def test_what_is_cancelled_leaves_no_connection(sender_for: MakeSender) -> None:
    """The worker stops: the receiver sees the connection go."""
    async with receiving(hostile.silent) as receiver:
        sending = asyncio.create_task(sender_for().send(request(receiver.port)))
        await receiver.begun.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await receiver.ended.wait()
