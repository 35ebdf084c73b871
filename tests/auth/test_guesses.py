"""Guesses: ten thousand bad tokens cost a few look-ups, and shut nobody out who is known."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from hub.auth.authentication import Authentication
from hub.auth.guesses import FREE, MAX_ASKING, Guesses
from hub.errors import HubError, RateLimited, TokenExpired, TokenRevoked, Unauthenticated
from hub.limits import memory
from hub.model.principal import Principal
from support.clocks import FakeClock

ATTACKER = "192.0.2.1"


class Keys:
    """A source that knows some tokens and counts its look-ups."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self.pause = asyncio.Event()
        self.pause.set()

    async def find(self, token: str) -> Principal | None:
        """Return who it is."""
        self.looked_up.append(token)
        await self.pause.wait()
        if token.startswith("old"):
            raise TokenExpired("it was good")
        if token.startswith("revoked"):
            raise TokenRevoked("it was good")
        return Principal(token) if token.startswith("good") else None


class Door:
    """An authentication, its source and its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.keys = Keys()
        self.hits: Counter[str] = Counter()
        self.guesses = Guesses(self.clock, self.hits)
        self.authentication = Authentication(
            (self.keys,), self.clock, required=True, guesses=self.guesses
        )

    async def show(self, token: str, address: str = ATTACKER) -> str:
        """Show a token; return who one is, or the code of the refusal."""
        try:
            return (await self.authentication.find(token, address)).name
        except HubError as failure:
            self.refusal = failure
            return failure.code

    async def guess(self, count: int, address: str = ATTACKER) -> Sequence[str]:
        """Show that many tokens that nobody knows, one after the other."""
        return [await self.show(f"bad-{number}", address) for number in range(count)]


@pytest.fixture
def door() -> Door:
    """Nobody has guessed yet."""
    return Door()


@pytest.mark.parametrize("address", [ATTACKER, "127.0.0.1"], ids=["a network", "this machine"])
async def test_ten_thousand_bad_tokens_are_looked_up_ten_times(door: Door, address: str) -> None:
    """The rest are refused with 429 unseen, and counted; one party is kept, not one a token."""
    told = await door.guess(10_000, address)

    assert told[:FREE] == ["E_AUTHENTICATION_FAILED"] * FREE
    assert set(told[FREE:]) == {"rate_limited"}
    assert len(door.keys.looked_up) == FREE
    assert door.hits["guesses"] == 10_000 - FREE
    assert len(door.guesses._parties.known) == 1
    (guesser,) = door.guesses._parties.known.values()
    assert not guesser.asking


async def test_who_goes_on_waits_twice_as_long_each_time(door: Door) -> None:
    """From a second up to five minutes; each time one token is looked up."""
    waits = []
    await door.guess(FREE)
    for number in range(14):
        assert await door.show(f"more-{number}") == "rate_limited"
        guesser = door.guesses._parties.known[ATTACKER]
        waits.append((guesser.until_us - door.clock.now) // 1_000_000)
        door.clock.now = guesser.until_us
        assert await door.show(f"other-{number}") == "E_AUTHENTICATION_FAILED"

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]


async def test_a_refusal_says_when_to_come_back(door: Door) -> None:
    """When the time is over, and each a little later than the one before."""
    await door.guess(FREE)

    waits = []
    for _ in range(3):
        await door.show("bad again")
        waits.append(door.refusal.retry_after_ms)

    assert isinstance(door.refusal, RateLimited)
    assert waits == [1_000, 1_100, 1_200]


async def test_who_is_known_passes_beside_an_attacker(door: Door) -> None:
    """A remembered token is not looked up; and other addresses never notice."""
    assert await door.show("good-anna") == "good-anna"
    await door.guess(100)

    assert await door.show("good-anna") == "good-anna"
    assert await door.show("good-ben") == "rate_limited"
    assert await door.show("good-ben", "192.0.2.2") == "good-ben"


async def test_a_network_of_ipv6_is_one_party(door: Door) -> None:
    """2**64 addresses are no 2**64 attempts."""
    for number in range(20):
        await door.show(f"bad-{number}", f"2001:db8::{number:x}")

    assert len(door.keys.looked_up) == FREE


async def test_time_forgives(door: Door) -> None:
    """After five quiet minutes the first ten are free again."""
    await door.guess(FREE + 1)

    door.clock.advance(301)

    assert (await door.guess(FREE)).count("E_AUTHENTICATION_FAILED") == FREE


async def test_the_same_wrong_token_again_is_no_guess(door: Door) -> None:
    """A program with an old key in a loop does not lock out its office; looked up now and then."""
    told = [await door.show("bad-one") for _ in range(1_000)]

    assert set(told) == {"E_AUTHENTICATION_FAILED"}
    assert len(door.keys.looked_up) == 1
    assert await door.show("good-ben") == "good-ben"
    door.clock.advance(10)
    await door.show("bad-one")
    assert door.keys.looked_up.count("bad-one") == 2


@pytest.mark.parametrize(
    ("token", "code"), [("old", "token_expired"), ("revoked", "token_revoked")]
)
async def test_a_token_that_was_good_is_no_guess(door: Door, token: str, code: str) -> None:
    """An office whose tokens end in one moment comes back with new ones; a screen never looks."""
    for number in range(50):
        assert await door.show(f"{token}-{number}") == code

    assert await door.show("good-anna") == "good-anna"


async def test_a_token_that_was_good_is_looked_up_once_in_a_while(door: Door) -> None:
    """Whoever goes on with it costs the database nothing, and is told the same."""
    codes = {await door.show("revoked-1") for _ in range(100)}

    assert codes == {"token_revoked"}
    assert len(door.keys.looked_up) == 1
    door.clock.advance(10)
    await door.show("revoked-1")
    assert len(door.keys.looked_up) == 2


async def test_tokens_that_are_shown_in_one_moment_are_bounded_too(door: Door) -> None:
    """Before the first answer nobody knows that they are bad; the same token counts once."""
    door.keys.pause.clear()
    waiting = [asyncio.create_task(door.show(f"bad-{number}")) for number in range(1_000)]
    same = [asyncio.create_task(door.show("bad-0")) for _ in range(10)]
    await asyncio.sleep(0)

    assert len(door.keys.looked_up) == MAX_ASKING + 10
    door.keys.pause.set()
    await asyncio.gather(*waiting, *same)
    door.clock.advance(300)
    door.keys.looked_up.clear()
    door.keys.pause.clear()
    waiting = [asyncio.create_task(door.show(f"worse-{number}")) for number in range(1_000)]
    await asyncio.sleep(0)
    assert len(door.keys.looked_up) == 1
    door.keys.pause.set()
    await asyncio.gather(*waiting)


async def test_a_source_that_fails_counts_for_nobody(door: Door) -> None:
    """The hub's own trouble is nobody's guess, and nothing is left behind."""

    async def fail(token: str) -> Principal | None:
        raise OSError(token)

    door.keys.find = fail  # type: ignore[method-assign]
    for number in range(20):
        with pytest.raises(OSError, match="any"):
            await door.authentication.find(f"any-{number}", ATTACKER)

    guesser = door.guesses._parties.known[ATTACKER]
    assert (guesser.failures, guesser.due_us, len(guesser.asking)) == (0, 0, 0)


async def test_many_networks_fill_a_bounded_table_and_shut_nobody_out(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guessed is not forgotten for that; who finds no room shares a pace, not a punishment."""
    monkeypatch.setattr(memory, "MAX_PARTIES", 2_000)
    await door.guess(FREE)
    for number in range(2_500):
        await door.show(f"bad-{number}", f"198.51.{number // 250}.{number % 250}")

    assert len(door.guesses._parties.known) == 2_000
    assert await door.show("bad again") == "rate_limited"
    assert await door.show("good-anna", "203.0.113.1") == "rate_limited"
    for number in range(20):
        door.clock.advance(0.01)
        assert await door.show(f"worse-{number}", "203.0.113.2") == "E_AUTHENTICATION_FAILED"
    door.clock.advance(0.01)
    assert await door.show("good-anna", "203.0.113.1") == "good-anna"


@pytest.mark.parametrize("token", [None, "x" * 8_193], ids=["none", "one that is too long"])
async def test_what_is_no_token_is_no_guess(door: Door, token: str | None) -> None:
    """Nothing is looked up for it, so it costs nothing."""
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await door.authentication.find(token, ATTACKER)

    assert not door.keys.looked_up
    assert not door.guesses._parties.known


async def test_a_refused_token_is_looked_up_again_when_keys_are_others() -> None:
    """The key that it waits for may have come with them."""
    door = Door()
    refused = [await door.show("bad"), await door.show("bad")]
    door.authentication.forget_all()
    again = [await door.show("bad"), await door.show("bad")]

    assert refused == again == ["E_AUTHENTICATION_FAILED"] * 2
    assert door.keys.looked_up == ["bad", "bad"]
