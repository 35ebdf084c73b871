"""The one way from a bearer token to a principal, when credentials end."""

import asyncio

import pytest

from hub.auth.authentication import Authentication
from hub.auth.revocation import Revoked
from hub.errors import RateLimited, Unauthenticated
from hub.model.api_key import Revocation
from hub.model.principal import Principal
from support.clocks import FakeClock

ANNA = Principal("anna", credential="jwt:1")


class Source:
    """Knows one token; a test can hold back its answer and take it away."""

    def __init__(self) -> None:
        self.found: Principal | None = ANNA
        self.asked = 0
        self.go = asyncio.Event()
        self.go.set()

    async def find(self, token: str) -> Principal | None:
        """Return who it is, as things were when this was asked."""
        self.asked += 1
        found = {"t": self.found}.get(token)
        await self.go.wait()
        return found


def opened(source: Source, revoked: Revoked | None = None) -> Authentication:
    """Return the way in."""
    return Authentication((source,), FakeClock(), required=True, revoked=revoked)


@pytest.mark.parametrize("credential", ["jwt:1", "sub:anna"])
async def test_a_forgotten_credential_is_looked_up_again(credential: str) -> None:
    """By its own name, or by that of its principal."""
    source = Source()
    authentication = opened(source)
    await authentication.find("t")
    authentication.forget("jwt:2")
    await authentication.find("t")
    assert source.asked == 1

    authentication.forget(credential)

    assert authentication.remembered("t") is None


async def test_what_was_read_before_a_revocation_is_not_remembered_after_it() -> None:
    """The answer that was on its way would let the revoked token in for ever."""
    source = Source()
    source.go.clear()
    authentication = opened(source)
    finding = asyncio.create_task(authentication.find("t"))
    await asyncio.sleep(0)
    source.found = None
    authentication.forget("jwt:1")
    source.go.set()

    with pytest.raises(Unauthenticated):
        await finding

    assert source.asked == 2
    assert authentication.remembered("t") is None


async def test_a_revoked_token_is_refused_although_its_source_knows_it() -> None:
    """A JWT stays true whatever is said of it: its source cannot know."""
    revoked = Revoked(FakeClock())
    revoked.learn([Revocation("jwt:1", 1, 0, 2**60)])

    with pytest.raises(Unauthenticated, match="revoked"):
        await opened(Source(), revoked).find("t")


async def test_shown_credentials_are_noted() -> None:
    """Also those that are remembered, for their last use; never those that were refused."""
    authentication = opened(Source())
    await authentication.find("t")
    first = {*authentication.seen}
    authentication.seen.clear()

    authentication.remembered("t")

    assert first == authentication.seen == {"jwt:1"}
    authentication.seen.clear()
    with pytest.raises(Unauthenticated):
        await authentication.find("other")
    assert authentication.seen == set()


async def test_refused_credentials_are_counted_by_the_code_that_was_told() -> None:
    """Once each, remembered or not; who shows none has failed at nothing."""
    source = Source()
    source.found = Principal("anna", credential="jwt:1", expires_us=FakeClock().now_us() + 10)
    clock = FakeClock()
    authentication = Authentication((source,), clock, required=True)
    await authentication.find("t")
    clock.advance(1)

    for token in ("t", "unknown", "x" * 10_000, None):
        with pytest.raises(Unauthenticated):
            await authentication.find(token)

    assert authentication.failures == {"token_expired": 1, "E_AUTHENTICATION_FAILED": 2}


async def test_what_is_not_looked_up_any_more_counts_as_a_failure_too() -> None:
    """Who tries thousands out is refused unseen, and would raise no alert."""
    authentication = opened(Source())

    for number in range(30):
        with pytest.raises((Unauthenticated, RateLimited)):
            await authentication.find(f"guess-{number}", "192.0.2.1")

    assert authentication.failures["rate_limited"] == 20
    assert authentication.failures.total() == 30


async def test_a_ticket_that_is_refused_counts_as_a_failure() -> None:
    """Once; one that is good does not."""
    authentication = opened(Source())

    with authentication.watch("good", "192.0.2.1"):
        pass
    with pytest.raises(Unauthenticated), authentication.watch("used", "192.0.2.1"):
        raise Unauthenticated("expected a ticket that was not used yet")

    assert authentication.failures == {"E_AUTHENTICATION_FAILED": 1}
