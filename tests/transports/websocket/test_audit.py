"""What the audit log is told of sockets: who was refused, and no token ever."""

from typing import Any

import pytest

from hub.realtime.waiting import AUTH_S
from support.octets import command, upgrade
from support.principals import Tokens, principal
from support.seats import House, Seat

SECRET = "-".join(["bad", *["S3cret"] * 4])


@pytest.fixture
async def house() -> House:
    """Return a node that wants to know who comes."""
    narrow = principal("nina", "viewer", channels=("contracts",), credential="key:n")
    return House(tokens=Tokens(narrow=narrow, user=principal("udo", "user")))


def auth(token: str) -> bytes:
    """Return the frame that says who one is."""
    return command(type="auth", token=token)


async def told(house: House) -> list[tuple[str, str, str, str]]:
    """Return outcome, target, actor and address of each record, once all are written."""
    await house.settle()
    await house.auditor.flush(at_end=True)
    assert "S3cret" not in str(house.audit.notes)
    assert "S3cret" not in str(house.log.lines)
    return [(n.outcome, n.target, n.actor, n.address) for n in house.audit.notes]


async def greeted(house: House, token: str) -> Seat:
    """Return a client that is in, as whoever shows that token."""
    seat = house.sit(upgrade("/ws?channels=", authorization=f"Bearer {token}"))
    await house.settle()
    return seat


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"authorization": f"Bearer {SECRET}"}, id="a bad token"),
        pytest.param({"authorization": f"Basic {SECRET}"}, id="another scheme"),
    ],
)
async def test_a_refused_upgrade_is_recorded(house: House, request_: dict[str, Any]) -> None:
    """With the address it came from, and without the query."""
    house.sit(upgrade(f"/ws?x={SECRET}", **request_))

    assert await told(house) == [("E_AUTHENTICATION_FAILED", "WS /ws", "", "192.0.2.1")]


async def test_a_refused_ticket_is_recorded(house: House) -> None:
    """One that was used, or made up."""
    house.sit(upgrade(f"/ws?ticket={SECRET}"))

    assert await told(house) == [("E_AUTHENTICATION_FAILED", "WS /ws", "", "192.0.2.1")]


async def test_a_first_frame_that_is_refused_is_recorded(house: House) -> None:
    """Many of them as one record and their number: they cost an attacker nothing."""
    for _ in range(5):
        house.sit(upgrade("/ws?channels=")).send(auth(SECRET))

    found = await told(house)
    assert found == [("E_AUTHENTICATION_FAILED", "WS", "", "192.0.2.1")] * 2
    assert house.audit.notes[1].details == '{"count":4,"within_s":10}'


async def test_who_stays_silent_is_recorded(house: House) -> None:
    """A socket that is opened and never says who it is holds a place."""
    house.sit(upgrade("/ws?channels="))
    await house.settle()
    house.timers.advance(AUTH_S)

    assert [outcome for outcome, *_ in await told(house)] == ["E_AUTHENTICATION_FAILED"]


async def test_who_goes_away_by_himself_is_not(house: House) -> None:
    """A page that is closed before its first frame has done nothing."""
    house.sit(upgrade("/ws?channels=")).protocol.connection_lost(None)

    assert await told(house) == []


async def test_who_is_known_and_may_not_is_recorded_by_name(house: House) -> None:
    """At the first frame, and by a command later."""
    house.sit(upgrade("/ws?channels=jobs")).send(auth("narrow"))
    (await greeted(house, "narrow")).send(command(type="subscribe", channel="jobs"))

    assert await told(house) == [
        ("forbidden", "WS", "nina", "192.0.2.1"),
        ("forbidden", "WS", "nina", "192.0.2.1"),
    ]


async def test_tokens_that_are_tried_from_inside_are_recorded(house: House) -> None:
    """Whoever is in may guess others' tokens by renewing: it is refused, and seen."""
    seat = await greeted(house, "narrow")
    seat.send(auth(SECRET))
    seat.send(auth("user"))

    assert await told(house) == [
        ("E_AUTHENTICATION_FAILED", "WS", "nina", "192.0.2.1"),
        ("forbidden", "WS", "nina", "192.0.2.1"),
    ]


async def test_mistakes_are_no_matter_of_it(house: House) -> None:
    """A command that does not exist, a channel that does not."""
    seat = await greeted(house, "user")
    seat.send(command(type="dance"))
    seat.send(command(type="unsubscribe", channel="jobs"))

    assert await told(house) == []
