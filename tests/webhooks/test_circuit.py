"""An endpoint that does not work is left alone."""

import pytest

from hub.model.delivery import Failure
from hub.model.endpoint import Health
from hub.webhooks.circuit import failed, may_probe, pause_s, probing, state_of, succeeded
from hub.webhooks.sender import Answer
from support.clocks import START_US

SECOND = 1_000_000
DOWN = Answer(failure="connect")


def after(times: int, answer: Answer = DOWN, health: Health | None = None) -> Health:
    """Return the health after so many failures."""
    health = health or Health()
    for _ in range(times):
        health = failed(health, answer, answer.failure or "status", START_US)
    return health


def test_it_opens_after_failures_in_a_row() -> None:
    """Four are bad luck, five are not."""
    assert state_of(after(4), START_US) == "closed"
    assert state_of(after(5), START_US) == "open"


def test_a_success_closes_it_and_forgets() -> None:
    """After a success nothing is held against an endpoint, but its receipts stay."""
    broken = after(7, health=Health(receipts=3, chain=b"c", next_us=9))

    assert succeeded(broken) == Health(receipts=3, chain=b"c", next_us=9)


def test_one_probe_goes_through_when_the_pause_is_over() -> None:
    """Half-open: one at a time, until it has ended or its worker is dead."""
    broken = after(5)
    due_us = broken.retry_us

    assert not may_probe(broken, due_us - 1)
    assert may_probe(broken, due_us)
    assert not may_probe(probing(broken, due_us + 60 * SECOND), due_us + 59 * SECOND)
    assert may_probe(probing(broken, due_us + 60 * SECOND), due_us + 60 * SECOND)
    assert state_of(broken, due_us) == "half-open"


def test_each_probe_that_fails_doubles_the_pause() -> None:
    """10 s, 20 s, 40 s … ten minutes."""
    health, pauses = after(5), []
    for _ in range(8):
        pauses.append((health.retry_us - START_US) // SECOND)
        health = after(1, health=probing(health, START_US + 1))

    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600]
    assert pause_s(10**9) == 600


def test_what_comes_late_is_no_probe() -> None:
    """Requests that were under way when it opened do not lengthen the pause."""
    broken = after(5)

    assert after(3, health=broken).retry_us == broken.retry_us


@pytest.mark.parametrize(
    ("answer", "failure", "state"),
    [
        pytest.param(Answer(status=500, failure="status"), "status", "open", id="5xx"),
        pytest.param(Answer(status=429, failure="status"), "status", "open", id="too many"),
        pytest.param(Answer(failure="timeout"), "timeout", "open", id="no answer"),
        pytest.param(Answer(status=400, failure="status"), "status", "closed", id="it refuses"),
        pytest.param(Answer(status=302, failure="redirect"), "redirect", "closed", id="redirect"),
        pytest.param(Answer(failure="encryption"), "encryption", "closed", id="our own fault"),
    ],
)
def test_only_what_is_broken_opens_it(answer: Answer, failure: Failure, state: str) -> None:
    """An endpoint that answers gets the next event, whatever it thinks of the last one."""
    health = Health()
    for _ in range(9):
        health = failed(health, answer, failure, START_US)

    assert state_of(health, START_US) == state
    assert health.failures == 9


def test_an_answer_closes_it_although_it_refuses() -> None:
    """A probe that is refused has found an endpoint that works."""
    health = failed(
        probing(after(5), START_US + 1), Answer(status=404, failure="status"), "status", START_US
    )

    assert state_of(health, START_US) == "closed"


def test_it_stays_open_as_long_as_the_receiver_asks() -> None:
    """Retry-After counts, for an hour at most: one answer must not stop an endpoint for a day."""
    busy = after(5, Answer(status=503, failure="status", retry_after_s=90))
    rude = after(5, Answer(status=503, failure="status", retry_after_s=1e9))

    assert busy.retry_us == START_US + 90 * SECOND
    assert rude.retry_us == START_US + 3600 * SECOND


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        pytest.param(Answer(status=429, failure="status"), 60, id="it names no time"),
        pytest.param(Answer(status=503, failure="status", retry_after_s=5), 5, id="it names one"),
        pytest.param(Answer(status=500, failure="status"), 0, id="it does not ask"),
    ],
)
def test_who_asks_for_fewer_gets_fewer(answer: Answer, seconds: int) -> None:
    """429, 502, 503 and 504 slow an endpoint down for a while."""
    slow_us = after(1, answer).slow_until_us

    assert slow_us == (START_US + seconds * SECOND if seconds else 0)
