"""Our protocol class against a transport that a test turns by hand: ends and faults."""

import gc
import json
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import pytest

from hub.errors import HeartbeatTimeout, LogUnavailable
from hub.model.unit import Head
from hub.realtime.connection import Connection
from hub.realtime.conversation import Conversation
from hub.realtime.following import Following
from hub.realtime.frames import Batch, Frame
from hub.realtime.session import Session
from hub.realtime.subscription import Subscription
from hub.transports.grace import CLOSE_TIMEOUT_S, REVOKED_TIMEOUT_S
from hub.transports.websocket.protocol import HubProtocol
from support.octets import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    close_frame,
    command,
    frame,
    masked,
    upgrade,
)
from support.principals import Tokens
from support.seats import House

SILENT = upgrade("/ws?channels=")


@pytest.fixture
def house() -> House:
    """A node without clients."""
    return House()


# Closing.


def test_a_client_that_never_answers_our_close_is_aborted(house: House) -> None:
    """5 s after our close frame the socket is cut; not before."""
    seat = house.sit()
    seat.send(frame(TEXT, b"no JSON"))
    assert seat.opcodes == [CLOSE]

    house.timers.advance(CLOSE_TIMEOUT_S - 0.001)
    assert not seat.transport.aborted
    house.timers.advance(0.001)

    assert seat.transport.aborted


def test_a_client_that_answers_our_close_is_not_aborted(house: House) -> None:
    """After the closing handshake the stream ends, and no timer is left."""
    seat = house.sit()
    seat.send(frame(TEXT, b"no JSON"))
    seat.send(close_frame(4500))
    assert seat.transport.ended

    seat.transport.lose()

    assert house.timers.pending == 0
    assert not seat.transport.aborted


def test_a_client_that_reads_nothing_cannot_hold_a_closed_socket(house: House) -> None:
    """The close frame behind a full buffer has 5 s too; then the rest is dropped."""
    seat = house.sit()
    seat.transport.stuck = True
    seat.protocol.write(Batch([Frame(bytes(100_000))]))
    visit = seat.protocol._visit
    assert visit is not None

    visit.session.end(HeartbeatTimeout("x"))
    house.timers.advance(CLOSE_TIMEOUT_S)

    assert seat.transport.aborted
    assert seat.transport.buffer == b""


@pytest.mark.parametrize("leave", ["revoke", "expire"])
def test_a_revoked_client_that_reads_nothing_is_cut_within_a_second(
    house: House, leave: str
) -> None:
    """What waits for it in the hub is dropped, and the whole takes less than two seconds."""
    seat = house.sit()
    seat.transport.stuck = True
    seat.protocol.write(Batch([Frame(bytes(100_000))]))

    getattr(house.connections, leave)("sub:anonymous")
    house.timers.advance(REVOKED_TIMEOUT_S)

    assert seat.transport.aborted
    assert seat.transport.buffer == b""


def test_a_revoked_client_may_read_why(house: House) -> None:
    """For a second it may answer the close frame, as anybody may."""
    seat = house.sit()

    house.connections.revoke("sub:anonymous")
    house.timers.advance(REVOKED_TIMEOUT_S - 0.001)

    assert seat.opcodes[-1] == CLOSE
    assert not seat.transport.aborted


async def test_a_page_that_is_refused_at_the_door_has_the_whole_time_to_read_why() -> None:
    """It holds nothing that could be taken, and without the code it would try for ever."""
    house = House(tokens=Tokens())
    offer = f"hub.v1.json, hub.bearer.{urlsafe_b64encode(b'bad').decode()}"
    seat = house.sit(upgrade(origin="http://localhost", sec_websocket_protocol=offer))
    await house.settle()

    house.timers.advance(CLOSE_TIMEOUT_S - 0.001)

    assert [item.opcode for item in seat.frames] == [CLOSE]
    assert not seat.transport.aborted


def test_a_client_that_half_closes_and_reads_nothing_is_aborted(house: House) -> None:
    """The transport closes when its buffer has drained, and this one never does."""
    seat = house.sit()
    seat.transport.stuck = True
    seat.protocol.write(Batch([Frame(bytes(1_000))]))

    seat.protocol.eof_received()
    seat.transport.close()
    house.timers.advance(CLOSE_TIMEOUT_S)

    assert seat.transport.aborted


def test_a_refused_client_that_stays_is_aborted(house: House) -> None:
    """An HTTP refusal ends the stream; who does not go is cut."""
    seat = house.sit(upgrade("/nowhere"))
    assert seat.transport.ended

    house.timers.advance(CLOSE_TIMEOUT_S)

    assert seat.transport.aborted


def test_nothing_is_written_after_the_close(house: House) -> None:
    """Events and heartbeats of a closed connection are dropped, and nothing raises."""
    seat = house.sit()
    visit = seat.protocol._visit
    assert visit is not None
    seat.send(close_frame(1000))
    before = seat.transport.sent

    visit.connection.say({})
    visit.session.end(HeartbeatTimeout("x"))
    seat.protocol.ping(Batch([Frame(b"{}")]))
    house.timers.advance(1)

    assert seat.transport.sent == before
    assert seat.transport.ended


def test_what_is_no_event_touches_the_transport_too(house: House) -> None:
    """Else events would be sent past a ping, or a pong, that waits there."""
    seat = house.sit()
    visit = seat.protocol._visit
    assert visit is not None
    visit.connection.touched = False

    seat.protocol.ping(Batch([Frame(b"{}")]))

    assert visit.connection.touched


def test_a_heartbeat_and_its_ping_are_one_write(house: House) -> None:
    """Two would be two packets and two wake-ups of each client."""
    seat = house.sit()
    before = seat.transport.writes

    house.timers.advance(25)

    assert seat.opcodes == [TEXT, PING]
    assert seat.transport.writes == before + 1


@pytest.mark.parametrize("parts", [1, 2, 6])
def test_a_pong_is_heard_whole_or_in_parts(house: House, parts: int) -> None:
    """Who answers stays, however the network cuts what it says."""
    seat = house.sit()
    pong = frame(PONG)
    step = len(pong) // parts
    house.timers.advance(25)

    for at in range(0, len(pong), step):
        seat.send(pong[at : at + step])
    house.timers.advance(15)

    assert CLOSE not in seat.opcodes


def test_what_looks_like_a_pong_in_the_middle_of_a_frame_is_none(house: House) -> None:
    """A ping came without its payload, which begins as a pong would."""
    seat = house.sit()
    payload = masked(b"\x8a\x80abcd")
    ping = frame(PING, payload)

    seat.send(ping[:6])
    seat.send(ping[6:])

    assert ping[6:].startswith(b"\x8a\x80")
    assert (seat.frames[-1].opcode, seat.frames[-1].data) == (PONG, payload)


@pytest.mark.parametrize("how", ["abort", "close", "lose"])
def test_a_socket_that_breaks_under_a_fan_out_harms_nobody(house: House, how: str) -> None:
    """After the break, noticed or not, writes go nowhere, and none of them raises."""
    seat = house.sit()
    getattr(seat.transport, how)()

    seat.protocol.write(Batch([Frame(b"{}")]))
    seat.protocol.ping(Batch([Frame(b"{}")]))
    seat.protocol.close(1001, "")
    seat.protocol.pause_reading()
    seat.protocol.resume_reading()

    assert seat.protocol.buffered() == 0


def test_a_lost_connection_leaves_nothing(house: House) -> None:
    """No timer, no listener, no entry: whatever the connection had is gone with it."""
    seat = house.sit(upgrade())
    assert house.timers.pending > 0
    assert len(house.connections) == 1

    seat.transport.lose(ConnectionResetError())

    assert house.timers.pending == 0
    assert len(house.connections) == 0
    assert not house.state.connections
    assert not any(feed.live for feed in house.fanout.feeds.values())


@pytest.mark.parametrize("behind", [False, True], ids=["live", "behind"])
def test_a_lost_connection_does_not_wait_for_the_collector(house: House, *, behind: bool) -> None:
    """Nothing of it holds another part in a ring, so memory is flat while clients come and go."""
    gc.collect()
    gc.disable()
    before = {id(part) for part in _parts()}
    try:
        seat = house.sit(upgrade())
        seat.send(command(type="ping"))
        if behind:
            seat.protocol.pause_writing()
        assert {type(part) for part in _parts() if id(part) not in before} == _PARTS

        seat.transport.lose()
        # The loop's transport forgets its protocol then; this one is ours.
        del seat.transport.protocol
        del seat

        assert [part for part in _parts() if id(part) not in before] == []
    finally:
        gc.enable()


def test_shutdown_sends_clients_away_to_come_back(house: House) -> None:
    """A stop of uvicorn closes with 4412."""
    seat = house.sit()

    seat.protocol.shutdown()

    assert seat.frames[-1].code == 4412


def test_shutdown_closes_what_has_no_session(house: House) -> None:
    """A refused client does not hold up the stop."""
    seat = house.sit(upgrade("/nowhere"))

    seat.protocol.shutdown()

    assert seat.transport.is_closing()


def test_commands_that_wait_do_not_keep_the_close_from_being_read(house: House) -> None:
    """Whatever had paused the reading, after our close the client's must come in."""
    seat = house.sit()
    visit = seat.protocol._visit
    assert visit is not None
    seat.protocol.pause_reading()

    visit.session.end(HeartbeatTimeout("x"))

    assert seat.transport.reading


# TLS.


def test_tls_ends_with_its_own_closing(house: House) -> None:
    """TLS has no half-close: the transport is closed, which flushes first."""
    seat = house.sit(tls=True)

    seat.send(close_frame(1000))

    assert seat.opcodes == [CLOSE]
    assert seat.transport.is_closing()


# Faults of ours.


def test_a_fault_in_the_session_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug ends the connection with 1011, is logged once, and its text is not told."""
    seat = house.sit()
    other = house.sit()
    with monkeypatch.context() as broken:
        broken.setattr("hub.realtime.session.Session.run", _broken)
        seat.send(command(type="ping") + command(type="ping"))
    other.send(command(type="ping"))

    assert seat.opcodes == [CLOSE]
    assert seat.frames[-1].code == 1011
    assert b"secret" not in seat.frames[-1].data
    assert len(house.log.named("session failed")) == 1
    assert other.opcodes == [TEXT]


async def test_a_fault_behind_a_command_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug while the log is read ends the connection too; who runs the work logs it once."""
    monkeypatch.setattr(house.questions, "status", _broken)
    seat = house.sit()

    seat.send(command(type="get_status") + command(type="ping"))
    await house.settle()

    assert seat.opcodes == [CLOSE]
    assert seat.frames[-1].code == 1011
    assert [type(fault) for fault in house.faults] == [ZeroDivisionError]


def test_a_fault_in_a_heartbeat_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a timer ends the connection and its timers; the loop logs it once."""
    seat = house.sit()
    monkeypatch.setattr("hub.realtime.session.Session._heartbeat", _broken)

    with pytest.raises(ZeroDivisionError):
        house.timers.advance(25)
    house.timers.advance(100)

    assert seat.opcodes == [CLOSE]
    assert seat.frames[-1].code == 1011


def test_a_fault_in_the_welcome_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that breaks half-way leaves no listener and no silent socket."""
    monkeypatch.setattr(house.fanout.feeds["agents"], "after", _broken)

    seat = house.sit(upgrade())

    assert [item.opcode for item in seat.frames] == [TEXT, CLOSE]
    assert seat.frames[-1].code == 1011
    assert len(house.log.named("welcome failed")) == 1
    assert len(house.connections) == 0
    assert not any(feed.live for feed in house.fanout.feeds.values())


# An upgrade behind an unfinished request.


def test_an_upgrade_pipelined_behind_a_request_is_cut(house: House) -> None:
    """The answer of that request would end up among our frames."""
    lost: list[object] = []
    http = SimpleNamespace(
        scope={"http_version": "1.1"},
        cycle=SimpleNamespace(response_complete=False),
        connection_lost=lost.append,
    )
    seat = house.sit(b"GET")
    seat.transport.http = http

    seat.send(SILENT.removeprefix(b"GET"))

    assert seat.transport.aborted
    assert lost == [None]
    assert seat.transport.sent == b""
    assert len(house.connections) == 0


def _broken(*_args: object) -> None:
    raise ZeroDivisionError("secret")


_PARTS = {HubProtocol, Connection, Session, Conversation, Following, Subscription}


def _parts() -> list[object]:
    """Return what there is of connections, also of other hubs in this process."""
    return [part for part in gc.get_objects() if type(part) in _PARTS]


# A channel that no news told of here: the log is asked before the answer.


async def test_a_client_waits_for_the_log_and_is_let_in(house: House) -> None:
    """Another node made the channel; what the client sends meanwhile is read afterwards."""
    house.questions.heads["orders"] = Head(3)

    seat = house.sit(upgrade("/ws?channels=orders"))
    waits = (seat.transport.sent, seat.transport.reading)
    await house.settle()

    assert waits == (b"", False)
    assert seat.transport.reading
    assert json.loads(seat.frames[0].data)["positions"] == {"orders": 3}


async def test_a_log_that_is_away_is_no_missing_channel(house: House) -> None:
    """503 says come back; 404 would say never."""
    house.questions.away = LogUnavailable("the disk is gone")

    seat = house.sit(upgrade("/ws?channels=orders"))
    await house.settle()

    assert seat.head.startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("end", ["lose", "close"])
async def test_a_client_that_leaves_while_the_log_is_asked_gets_nothing(
    house: House, end: str
) -> None:
    """Nobody is welcomed on a socket that is gone."""
    house.questions.heads["orders"] = Head(3)

    seat = house.sit(upgrade("/ws?channels=orders"))
    getattr(seat.transport, end)()
    await house.settle()

    assert seat.transport.sent == b""
    assert len(house.connections) == 0


async def test_a_fault_while_the_log_is_asked_ends_the_socket(house: House) -> None:
    """A client must not wait for ever for what nobody will say."""
    house.questions.away = RuntimeError("a fault of ours")

    seat = house.sit(upgrade("/ws?channels=orders"))
    await house.settle()

    assert seat.transport.aborted
    assert [str(fault) for fault in house.faults] == ["a fault of ours"]
