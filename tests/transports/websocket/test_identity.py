"""Who comes in by a WebSocket, and for how long: every way to say who one is."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from hub.clock import SECOND_US
from hub.model.unit import Head
from hub.realtime.waiting import AUTH_S, MAX_BYTES
from hub.transports.websocket import doorman
from support.octets import command, frame, upgrade
from support.principals import Tokens, principal
from support.seats import House, Seat

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_US = 10 * SECOND_US


@pytest_asyncio.fixture(loop_scope="module")
async def house() -> House:
    """Return a node that wants to know who comes."""
    tokens = Tokens(
        viewer=principal("vera", "viewer", credential="key:v"),
        user=principal("udo", "user"),
        publisher=principal("paul", "publisher"),
        narrow=principal("nina", "viewer", channels=("contracts",)),
    )
    house = House(tokens=tokens)
    house.reception.max_frame_bytes = 64 * 1024
    return house


def bearer(token: str) -> str:
    """Return the subprotocol that carries a token."""
    return "hub.bearer." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def auth(token: str, **fields: Any) -> bytes:
    """Return the frame that says who one is."""
    return command(type="auth", token=token, **fields)


def said(seat: Seat) -> list[dict[str, Any]]:
    """Return the objects that a client was sent."""
    return [json.loads(one.data) for one in seat.frames if one.opcode == 1]


def closed(seat: Seat) -> tuple[int, dict[str, Any]]:
    """Return the code and reason of the close frame that a client was sent."""
    (payload,) = [one.data for one in seat.frames if one.opcode == 8]
    return int.from_bytes(payload[:2], "big"), json.loads(payload[2:])


def status(seat: Seat) -> int:
    """Return the status of the answer to an upgrade."""
    return int(seat.head.split()[1])


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(upgrade("/ws?channels=", authorization="Bearer viewer"), id="a header"),
        pytest.param(
            upgrade("/ws?channels=", sec_websocket_protocol=f"hub.v1.json, {bearer('viewer')}"),
            id="a subprotocol",
        ),
        pytest.param(upgrade("/ws?channels=&ticket=viewer"), id="a ticket"),
    ],
)
async def test_who_shows_a_credential_is_welcomed(house: House, request_: bytes) -> None:
    """At once, by each of the ways; the hub answers its own subprotocol and never a token."""
    seat = house.sit(request_)
    await house.settle()

    assert status(seat) == 101
    assert [one["type"] for one in said(seat)] == ["welcome"]
    assert b"bearer" not in seat.head.lower()


async def test_a_ticket_is_good_once(house: House) -> None:
    """A second connection with it is refused."""
    first, second = (house.sit(upgrade("/ws?ticket=viewer")) for _ in range(2))
    await house.settle()

    assert sorted([status(first), status(second)]) == [101, 401]


async def test_a_known_token_is_not_looked_up_again(house: House) -> None:
    """A crowd that returns reads no database."""
    for _ in range(3):
        house.sit(upgrade(authorization="Bearer viewer"))
        await house.settle()

    assert house.tokens.asked == ["viewer"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"authorization": "Bearer nobodys"}, id="unknown"),
        pytest.param({"authorization": "Bearer bad"}, id="refused by its kind"),
        pytest.param({"authorization": "Basic viewer"}, id="another scheme"),
        pytest.param({"authorization": f"Bearer {'x' * 9_000}"}, id="too long"),
        pytest.param({"sec_websocket_protocol": "hub.bearer.%%%"}, id="no base64url"),
    ],
)
async def test_a_stranger_is_refused_before_the_upgrade(
    house: House, headers: dict[str, str]
) -> None:
    """With 401 and what is wanted; a browser's page with 4501, so that it does not come back."""
    program = house.sit(upgrade(**headers))
    page = house.sit(upgrade(origin="http://localhost", **headers))
    await house.settle()

    assert status(program) == 401
    assert b"WWW-Authenticate: Bearer" in program.head
    assert closed(page)[0] == 4501
    assert said(page) == []


async def test_two_credentials_are_refused(house: House) -> None:
    """The hub would believe one and who reads the logs the other."""
    seat = house.sit(upgrade(authorization="Bearer viewer", sec_websocket_protocol=bearer("user")))

    assert status(seat) == 400


async def test_the_first_frame_may_say_it(house: House) -> None:
    """Seed 2: nothing is said before; then `auth_ok`, the welcome, and what came behind."""
    seat = house.sit(upgrade("/ws?channels="))
    assert said(seat) == []

    seat.send(auth("viewer", id=1) + command(type="ping", id=2))
    await house.settle()

    assert [one["type"] for one in said(seat)] == ["auth_ok", "welcome", "pong"]
    assert said(seat)[0] == {
        "type": "auth_ok", "reply_to": 1, "principal": "vera", "expires_at": None,
    }  # fmt: skip


async def test_nothing_is_lost_that_comes_while_the_session_begins(house: House) -> None:
    """Between `auth_ok` and the welcome the log may be asked; a command waits for that too."""
    house.questions.heads["orders"] = Head()
    seat = house.sit(upgrade("/ws?channels=orders"))
    asking, going = asyncio.Event(), asyncio.Event()
    head = house.questions.head

    async def slow(channel: str) -> Head | None:
        asking.set()
        await going.wait()
        return await head(channel)

    house.questions.head = slow  # type: ignore[method-assign]
    try:
        seat.send(auth("viewer") + command(type="ping", id=1))
        async with asyncio.timeout(10):
            await asking.wait()
        assert [one["type"] for one in said(seat)] == ["auth_ok"]

        seat.send(command(type="ping", id=2))
        going.set()
        await house.settle()
    finally:
        house.questions.head = head  # type: ignore[method-assign]

    assert [one["type"] for one in said(seat)] == ["auth_ok", "welcome", "pong", "pong"]
    assert [one["reply_to"] for one in said(seat)[2:]] == [1, 2]


async def test_a_fault_of_ours_on_the_way_in_leaves_nobody_waiting(house: House) -> None:
    """Its time to say who it is is over by then, and nothing else would ever end it."""
    seat = house.sit(upgrade("/ws?channels=orders"))
    head = house.questions.head

    async def broken(channel: str) -> Head | None:
        raise ZeroDivisionError(channel)

    house.questions.head = broken  # type: ignore[method-assign]
    try:
        seat.send(auth("viewer"))
        await house.settle()
    finally:
        house.questions.head = head  # type: ignore[method-assign]

    assert closed(seat) == (1011, {"code": "internal"})
    assert [type(fault) for fault in house.faults] == [ZeroDivisionError]
    house.faults.clear()


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(auth("nobodys"), id="unknown"),
        pytest.param(auth("bad"), id="refused by its kind"),
        pytest.param(command(type="auth"), id="no token"),
        pytest.param(command(type="subscribe", channel="jobs"), id="another command"),
        pytest.param(auth("x" * 8_150) + command(type="ping"), id="too much"),
    ],
)
async def test_a_first_frame_that_says_nothing_ends_it(house: House, first: bytes) -> None:
    """With 4501: the same would only come again. Nothing of the hub was said."""
    seat = house.sit(upgrade("/ws"))
    seat.send(first)
    await house.settle()

    assert closed(seat)[0] == 4501
    assert said(seat) == []


async def test_a_stranger_may_not_send_a_large_frame(house: House) -> None:
    """Not even its beginning is kept; who is known may."""
    stranger, known = house.sit(upgrade()), house.sit(upgrade(authorization="Bearer viewer"))
    large = frame(1, b" " * (MAX_BYTES + 1))
    await house.settle()

    stranger.send(large)
    known.send(large)
    await house.settle()

    assert next(one.data[:2] for one in stranger.frames if one.opcode == 8) == b"\x03\xf1"
    assert closed(known)[0] == 4500  # no JSON, but read


async def test_who_says_nothing_must_leave(house: House) -> None:
    """After five seconds."""
    seat = house.sit(upgrade("/ws"))

    house.timers.advance(AUTH_S)

    assert closed(seat)[0] == 4501


async def test_few_strangers_may_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next is told to come later; one that leaves, or says who it is, makes room."""
    monkeypatch.setattr(doorman, "MAX_UNKNOWN", 1)
    first = house.sit(upgrade("/ws?channels="))

    refused = house.sit(upgrade("/ws"))
    first.send(auth("viewer"))
    await house.settle()
    second = house.sit(upgrade("/ws"))
    second.protocol.connection_lost(None)
    third = house.sit(upgrade("/ws"))

    assert [status(one) for one in (first, refused, second, third)] == [101, 429, 101, 101]


async def test_channels_are_followed_as_far_as_they_may_be_read(house: House) -> None:
    """Of the default ones those that are allowed; of what is asked for, all or none."""
    default = house.sit(upgrade("/ws", authorization="Bearer narrow"))
    asked = house.sit(upgrade("/ws?channels=contracts,jobs", authorization="Bearer narrow"))
    later = house.sit(upgrade("/ws?channels=jobs"))
    later.send(auth("narrow"))
    none = house.sit(upgrade("/ws", authorization="Bearer publisher"))
    await house.settle()

    assert list(said(default)[0]["positions"]) == ["contracts"]
    assert status(asked) == 403
    assert closed(later)[0] == 4503
    assert said(none)[0]["positions"] == {}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"type": "subscribe", "channel": "jobs"}, id="subscribe"),
        pytest.param({"type": "subscribe", "channel": "jobs", "snapshot": True}, id="snapshot"),
        pytest.param({"type": "get_history", "channel": "jobs"}, id="history"),
        pytest.param({"type": "subscribe", "channel": "nowhere"}, id="a channel there is not"),
    ],
)
async def test_a_command_is_refused_where_its_scope_is_missing(
    house: House, asked: dict[str, Any]
) -> None:
    """By an error reply; and whether there is such a channel is not said."""
    seat = house.sit(upgrade("/ws?channels=", authorization="Bearer narrow"))
    await house.settle()

    seat.send(command(**asked, id=1))
    await house.settle()

    assert said(seat)[-1]["details"]["code"] == "forbidden"


async def test_a_session_ends_with_its_credential(house: House) -> None:
    """At that second, with 4401; a newer token of the same principal moves it."""
    house.tokens.known["short"] = principal(
        "sue", "viewer", expires_us=house.clock.now_us() + SOON_US
    )
    house.tokens.known["long"] = principal(
        "sue", "viewer", expires_us=house.clock.now_us() + 2 * SOON_US
    )
    seats = [house.sit(upgrade("/ws?channels=", authorization="Bearer short")) for _ in range(2)]
    await house.settle()

    seats[1].send(auth("long"))
    await house.settle()
    house.clock.advance(10.0)
    house.timers.advance(10.0)

    assert closed(seats[0])[0] == 4401
    assert 8 not in seats[1].opcodes


async def test_a_session_is_of_one_principal(house: House) -> None:
    """Another's token is refused, and changes nothing; so is one that is not valid."""
    seat = house.sit(upgrade("/ws?channels=", authorization="Bearer viewer"))
    await house.settle()

    seat.send(auth("user", id=1) + auth("bad", id=2))
    await house.settle()

    codes = [one["details"]["code"] for one in said(seat)[1:]]
    assert codes == ["forbidden", "E_AUTHENTICATION_FAILED"]
    assert 8 not in seat.opcodes


async def test_a_newer_token_may_allow_less(house: House) -> None:
    """Channels that it does not reach are left, and that is said."""
    house.tokens.known["less"] = principal("vera", "viewer", channels=("contracts",))
    seat = house.sit(upgrade("/ws?channels=contracts,jobs", authorization="Bearer viewer"))
    await house.settle()

    seat.send(auth("less"))
    await house.settle()

    assert said(seat)[-1] == {"type": "unsubscribed", "channel": "jobs", "code": "forbidden"}


@pytest.mark.parametrize("credential", ["key:v", "sub:vera"])
async def test_who_is_revoked_is_sent_away(house: House, credential: str) -> None:
    """By credential or by name, for good; others stay."""
    gone, stays = (
        house.sit(upgrade("/ws?channels=", authorization=f"Bearer {token}"))
        for token in ("viewer", "user")
    )
    await house.settle()

    house.connections.revoke(credential)

    assert closed(gone) == (4501, {"code": "token_revoked"})
    assert 8 not in stays.opcodes


@pytest.mark.parametrize(
    ("shown", "answer"),
    [
        ({"authorization": "Bearer static"}, 401),
        ({"path": "/ws?channels=parcels&ticket=once"}, 503),
    ],
    ids=["a token", "a ticket"],
)
async def test_a_key_that_goes_while_the_log_is_asked_lets_nobody_in(
    house: House, shown: dict[str, str], answer: int
) -> None:
    """Nobody is among the connections yet, so nothing else would end it."""
    for token in ("static", "once"):
        house.tokens.known[token] = principal("static", "viewer", credential="static:1")
    head = house.questions.head

    async def slow(channel: str) -> Head | None:
        house.tokens.known.pop("static", None)
        house.authentication.forget_all()
        assert channel == "parcels"
        return Head()

    house.questions.head = slow  # type: ignore[method-assign]
    try:
        seat = house.sit(upgrade(**{"path": "/ws?channels=parcels", **shown}))
        await house.settle()
    finally:
        house.questions.head = head  # type: ignore[method-assign]
        house.fanout.known.discard("parcels")

    assert status(seat) == answer


@pytest.fixture(autouse=True)
def _no_faults(house: House) -> Iterator[None]:
    yield
    assert house.faults == []
