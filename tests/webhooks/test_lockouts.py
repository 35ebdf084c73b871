"""Whoever is locked out is sent nothing any more."""

import pytest

from hub.webhooks.lockouts import Lockouts
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.principals import principal
from support.webhooks import endpoint

ANN, BOB = principal("ann", "service"), principal("bob", "service")


@pytest.fixture
async def store() -> MemoryWebhooks:
    """An endpoint of two principals each."""
    made = MemoryWebhooks(FakeClock())
    await made.add_endpoint(endpoint("ep_ann", reader=ANN))
    await made.add_endpoint(endpoint("ep_bob", reader=BOB))
    return made


@pytest.mark.parametrize(
    ("credential", "state"),
    [
        pytest.param("sub:ann", "paused", id="a name is refused"),
        pytest.param("key:abc", "active", id="one key of several is refused"),
        pytest.param("sub:an", "active", id="a name that begins alike is refused"),
    ],
)
async def test_who_is_locked_out_is_sent_nothing(
    store: MemoryWebhooks, credential: str, state: str
) -> None:
    """Their endpoints are paused with a reason; a key that ends leaves them, and others' stay."""
    changes: list[str] = []
    lockouts = Lockouts(store, store.clock, lambda: changes.append("changed"))

    lockouts.revoked(credential)
    await lockouts.round()

    assert store.stored["ep_ann"].state == state
    assert store.stored["ep_bob"].state == "active"
    assert (store.stored["ep_ann"].why == "ann was locked out") is (state == "paused")
    assert changes == ["changed"] * (state == "paused")


async def test_what_an_operator_resumes_goes_on(store: MemoryWebhooks) -> None:
    """Nobody is paused twice for one revocation."""
    lockouts = Lockouts(store, store.clock, lambda: None)
    lockouts.revoked("sub:ann")
    await lockouts.round()
    store.stored["ep_ann"] = endpoint("ep_ann", reader=ANN)

    await lockouts.round()

    assert store.stored["ep_ann"].state == "active"
