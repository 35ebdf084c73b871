"""Tickets: one socket, half a minute, one page, one principal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.auth.keys import hash_of
from hub.auth.revocation import Revoked
from hub.errors import TokenExpired, Unauthenticated
from hub.model.api_key import Revocation
from hub.model.principal import ANONYMOUS, Principal
from hub.services.tickets import SocketTickets
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock
from support.written import written_in

PAGE = "https://app.example"
ANNA = Principal("anna", ("user",), frozenset({"events:read"}), ("jobs",), None, "jwt:7")


class Scene:
    """The tickets of one store, on two nodes."""

    def __init__(self, log: SqliteLog, clock: FakeClock) -> None:
        self.log = log
        self.clock = clock
        self.revoked = Revoked(clock)
        self.here, self.there = (
            SocketTickets(log.tickets, self.revoked, clock, required=True) for _ in range(2)
        )


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """No ticket was given."""
    clock = FakeClock()
    log = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    log.migrate()
    yield Scene(log, clock)
    await log.close()


@pytest.mark.parametrize(
    ("given", "shown"), [(PAGE, PAGE), (None, None), (None, PAGE)], ids=["page", "none", "any page"]
)
async def test_a_ticket_is_good_once_on_any_node(
    scene: Scene, given: str | None, shown: str | None
) -> None:
    """For whom it was given to; whoever replays it is refused."""
    ticket = (await scene.here.issue(ANNA, given)).ticket

    assert await scene.there.redeem(ticket, shown) == ANNA

    for node in (scene.here, scene.there):
        with pytest.raises(Unauthenticated):
            await node.redeem(ticket, shown)


@pytest.mark.parametrize("origin", ["https://evil.example", None])
async def test_a_ticket_of_a_page_is_good_for_that_page(scene: Scene, origin: str | None) -> None:
    """And void once another has tried it."""
    ticket = (await scene.here.issue(ANNA, PAGE)).ticket

    with pytest.raises(Unauthenticated, match="page"):
        await scene.here.redeem(ticket, origin)

    with pytest.raises(Unauthenticated):
        await scene.here.redeem(ticket, PAGE)


async def test_a_ticket_ends_after_half_a_minute(scene: Scene) -> None:
    """To the microsecond, and it leaves the store with the next round."""
    tickets = [(await scene.here.issue(ANNA, None)).ticket for _ in range(2)]

    scene.clock.advance(30)

    with pytest.raises(Unauthenticated):
        await scene.here.redeem(tickets[0], None)
    scene.clock.advance(1)
    await scene.here.prune()
    assert await scene.log.tickets.take(hash_of(tickets[1])) is None


@pytest.mark.parametrize("text", ["", "x", "x" * 43, "ä" * 43, "\ud800" * 43, "x" * 10_000])
async def test_what_was_never_given_is_refused(scene: Scene, text: str) -> None:
    """Whatever it is."""
    with pytest.raises(Unauthenticated):
        await scene.here.redeem(text, None)


async def test_a_ticket_ends_with_its_credential(scene: Scene) -> None:
    """Revoked or expired meanwhile, it opens nothing."""
    short = ANNA._replace(expires_us=scene.clock.now + 1, credential="jwt:8")
    revoked = (await scene.here.issue(ANNA, None)).ticket
    expired = (await scene.here.issue(short, None)).ticket
    scene.revoked.learn([Revocation("jwt:7", 1, 0, 2**60)])
    scene.clock.now += 1

    with pytest.raises(Unauthenticated, match="revoked"):
        await scene.here.redeem(revoked, None)
    with pytest.raises(TokenExpired):
        await scene.here.redeem(expired, None)


async def test_a_ticket_of_an_open_hub_ends_with_its_openness(scene: Scene) -> None:
    """A hub that was restarted with AUTH=required lets nobody in as everybody."""
    ticket = (await scene.here.issue(ANONYMOUS, None)).ticket

    with pytest.raises(Unauthenticated, match="open hub"):
        await scene.here.redeem(ticket, None)


async def test_the_store_holds_no_ticket(scene: Scene, tmp_path: Path) -> None:
    """Only its hash."""
    ticket = (await scene.here.issue(ANNA, None)).ticket

    written = written_in(tmp_path)

    assert ticket.encode() not in written
    assert hash_of(ticket) in written


async def test_a_ticket_from_before_the_end_of_its_key_is_refused(scene: Scene) -> None:
    """The key alone counts: others' tickets stay good, and so do those that are got anew."""
    before = (await scene.here.issue(ANNA, None)).ticket
    others = (await scene.here.issue(ANNA._replace(name="ben", credential="jwt:8"), None)).ticket
    scene.clock.advance(1)

    scene.here.end("jwt:7")

    with pytest.raises(TokenExpired, match="whose key is still there"):
        await scene.here.redeem(before, None)
    assert (await scene.here.redeem(others, None)).name == "ben"
    scene.clock.advance(1)
    assert await scene.here.redeem((await scene.here.issue(ANNA, None)).ticket, None) == ANNA


def test_ends_are_kept_no_longer_than_tickets(scene: Scene) -> None:
    """Whatever is revoked in a year, a node holds that of half a minute."""
    for number in range(100):
        scene.here.end(f"jwt:{number}")
        scene.clock.advance(1)

    assert len(scene.here._ended) == 30
