"""The turnstile at the door: who is too many is told so before the upgrade, or by a close code."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from hub.app import create
from hub.auth.turnstile import Limits
from hub.limits.gate import Rates
from hub.model.principal import Principal
from hub.settings import Settings
from hub.transports.server import Application
from support.octets import CLOSE, command, parse, upgrade
from support.principals import Tokens, principal
from support.seats import House, Seat

WHO = {"type": "auth", "token": "anna"}
OWN_PAGE = upgrade("/ws?channels=", origin="http://localhost")


def status(seat: Seat) -> int:
    """Return the status of the answer to the handshake."""
    return int(seat.head.split(b" ")[1])


def test_a_program_gets_429_before_the_upgrade() -> None:
    """With a Retry-After of whole seconds and the problem document; no session begins."""
    house = House(Limits(rate_per_address=0.5))
    first, second = house.sit(), house.sit()

    assert (status(first), status(second)) == (101, 429)
    assert b"Retry-After: 2\r\n" in second.head + b"\r\n"
    body = json.loads(second.transport.sent.partition(b"\r\n\r\n")[2])
    assert (body["code"], body["status"]) == ("rate_limited", 429)
    assert len(house.connections) == 1
    assert house.log.lines[-1]["code"] == "rate_limited"


def test_a_page_gets_4429_after_the_upgrade() -> None:
    """A page cannot read a refused upgrade; the close reason says when to come back."""
    house = House(Limits(connections=1))
    house.sit()

    page = house.sit(OWN_PAGE)

    assert status(page) == 101
    (close,), _ = parse(page.transport.sent.partition(b"\r\n\r\n")[2])
    said = json.loads(close.data[2:])
    assert (close.opcode, close.code, said["code"]) == (CLOSE, 4429, "too_many_connections")
    assert said["retry_after_ms"] >= 5_000
    assert len(house.connections) == 1


@pytest.mark.parametrize(
    "limits", [Limits(connections=1), Limits(per_address=1)], ids=["in all", "from one address"]
)
def test_who_leaves_makes_room(limits: Limits) -> None:
    """A place is free when the socket is gone, not when it is closing."""
    house = House(limits)
    seat = house.sit()
    assert status(house.sit()) == 429

    seat.transport.lose()

    assert status(house.sit()) == 101


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(upgrade("/nowhere"), id="a wrong path"),
        pytest.param(upgrade(sec_websocket_version="12"), id="a wrong version"),
        pytest.param(OWN_PAGE.replace(b"//localhost", b"//evil.example"), id="a foreign page"),
    ],
)
def test_who_was_not_let_in_holds_no_place(request_: bytes) -> None:
    """A handshake that fails, at whatever step, leaves nothing behind."""
    house = House(Limits(connections=1, per_address=1))

    for _ in range(3):
        house.sit(request_).transport.lose()

    assert status(house.sit()) == 101


def test_a_hub_that_stops_says_that_first() -> None:
    """Who comes while the hub is going is told so, and takes no place in the queue."""
    house = House(Limits(rate=0.5))
    house.drain.begin()

    answers = [status(house.sit()) for _ in range(3)]

    assert answers == [503, 503, 503]


def test_settings_are_the_limits(tmp_path: Path) -> None:
    """What operators set holds on the whole way, for addresses other than the hub's own."""
    database_url = f"sqlite:///{tmp_path}/hub.db"
    node = create(Settings(database_url=database_url, max_connections_per_ip=1))
    stranger = TestClient(
        Application(node), base_url="http://localhost", client=("192.0.2.1", 50_000)
    )
    with stranger, stranger.websocket_connect("ws://localhost/ws") as first:
        assert first.receive_json()["type"] == "welcome"
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            stranger.websocket_connect("ws://localhost/ws"),
        ):
            pass

    assert refused.value.status_code == 429
    assert refused.value.json()["code"] == "too_many_connections"
    assert int(refused.value.headers["retry-after"]) >= 5


def test_too_many_commands_are_refused_in_order() -> None:
    """The reply names the command and says when; what comes later is answered again."""
    house = House()
    house.gate.set(Rates(commands=1.0))
    seat = house.sit()

    for number in range(3):
        seat.send(command(type="ping", id=number))
    house.clock.advance(1)
    seat.send(command(type="ping", id=3))

    replies = [item.json for item in seat.frames[1:]]
    assert [reply["reply_to"] for reply in replies] == [0, 1, 2, 3]
    assert [reply["type"] for reply in replies] == ["pong", "pong", "error", "pong"]
    assert replies[2]["details"]["code"] == "rate_limited"
    assert not seat.transport.is_closing()


def test_who_goes_on_commanding_is_sent_away() -> None:
    """With 4429, after as many refusals as it had answers; what it sends after that is not read."""
    house = House()
    house.gate.set(Rates(commands=1.0))
    seat = house.sit()

    for number in range(10):
        seat.send(command(type="ping", id=number))

    *replies, close = seat.frames[1:]
    assert [item.json["type"] for item in replies] == ["pong", "pong", "error", "error"]
    assert (close.opcode, close.code) == (CLOSE, 4429)
    assert json.loads(close.data[2:])["code"] == "rate_limited"


def test_all_sockets_of_a_principal_command_together() -> None:
    """The reply is the same, and none of them is closed for what the others sent."""
    house = House()
    house.gate.set(Rates(principal_commands=1.0))
    seats = [house.sit() for _ in range(3)]

    for seat in seats:
        seat.send(command(type="ping"))

    replies = [seat.frames[1].json for seat in seats]
    assert [reply["type"] for reply in replies] == ["pong", "pong", "error"]
    assert replies[2]["details"]["code"] == "rate_limited"
    assert not any(seat.transport.is_closing() for seat in seats)


async def test_a_principal_has_so_many_sockets_however_it_says_who_it_is() -> None:
    """In the upgrade, or in the first frame; who leaves makes room."""
    house = House(Limits(per_principal=1), Tokens(anna=principal("anna", "viewer")))
    first = house.sit(upgrade("/ws?channels=", authorization="Bearer anna"))
    await house.settle()

    refused = house.sit(upgrade("/ws?channels=", authorization="Bearer anna"))
    late = house.sit()
    late.send(command(**WHO))
    await house.settle()

    assert (status(first), status(refused), status(late)) == (101, 429, 101)
    assert late.frames[-1].code == 4508
    assert json.loads(late.frames[-1].data[2:])["code"] == "connection_limit"
    for seat in (late, first):
        seat.protocol.connection_lost(None)
    again = house.sit()
    again.send(command(**WHO))
    await house.settle()
    assert not again.transport.is_closing()
    again.protocol.connection_lost(None)
    assert not house.streams._turnstile.places._taken


@pytest.mark.parametrize("where", ["header", "first frame", "ticket"])
async def test_guesses_over_sockets_are_looked_up_ten_times(where: str) -> None:
    """One count for all ways in; a socket is no way around it."""
    house = House(Limits(), Tokens())
    codes = []
    redeemed = house.redeem
    tickets = []

    async def redeem(ticket: str, origin: str | None) -> Principal:
        tickets.append(ticket)
        return await redeemed(ticket, origin)

    house.reception._doorman._redeem = redeem
    for number in range(30):
        if where == "first frame":
            seat = house.sit()
            seat.send(command(type="auth", token=f"t{number}"))
            await house.settle()
            codes.append(seat.frames[-1].code)
            continue
        line = {"authorization": f"Bearer t{number}"} if where == "header" else {}
        query = f"?ticket=t{number}" if where == "ticket" else ""
        seat = house.sit(upgrade(f"/ws{query}", **line))
        await house.settle()
        codes.append(status(seat))

    expected = [4501] * 10 + [4429] * 20 if where == "first frame" else [401] * 10 + [429] * 20
    assert codes == expected
    assert len(tickets) + len(house.tokens.asked) == 10
