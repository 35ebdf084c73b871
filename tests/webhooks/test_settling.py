"""What an attempt comes to."""

from typing import Any

import msgspec
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.model.delivery import ENDED, Attempt
from hub.model.endpoint import Callback, Health
from hub.webhooks.receipts import Chain, verify
from hub.webhooks.sender import Answer
from support.clocks import START_US
from support.webhooks import DAY_US, delivery, endpoint, settled

SECOND = 1_000_000
OK = Answer(status=204)
DOWN = Answer(failure="timeout")
GONE = Answer(status=410, failure="status")
FAILING = Health(receipts=9, failures=9, failing_since_us=START_US, failed_events=3)


def test_a_success_ends_it() -> None:
    """2xx is delivered, and the endpoint is well."""
    done = settled(OK, health=Health(failures=3, failing_since_us=5, receipts=3, chain=b"x"))

    assert (done.delivery.state, done.delivery.attempts) == ("delivered", 1)
    assert (done.delivery.ended_at_us, done.delivery.lease_until_us) == (START_US, 0)
    assert done.health == Health(receipts=4, chain=done.attempt.hash)
    assert (done.attempt.receipt, done.attempt.previous, done.endpoint) == (4, b"x", None)


def test_a_failure_is_tried_again() -> None:
    """It is due by the schedule, its lease is given back, and the reason stands in it."""
    done = settled(DOWN)

    assert (done.delivery.state, done.delivery.attempts) == ("pending", 1)
    assert done.delivery.due_us == START_US + 5 * SECOND
    assert (done.delivery.reason, done.delivery.lease_until_us) == ("timeout", 0)
    assert (done.health.failures, done.health.failed_events) == (1, 1)
    assert done.health.failing_since_us == START_US


@pytest.mark.parametrize(
    ("answer", "fields", "attempts", "state", "reason"),
    [
        pytest.param(DOWN, {}, 8, "pending", "timeout", id="the last retry is to come"),
        pytest.param(DOWN, {}, 9, "dead", "exhausted", id="there is none any more"),
        pytest.param(DOWN, {"schedule": ()}, 0, "dead", "exhausted", id="no retries"),
        pytest.param(GONE, {}, 0, "dead", "gone", id="gone"),
        pytest.param(
            Answer(status=422, failure="status"),
            {"client_errors": "fail"},
            0,
            "dead",
            "status",
            id="a refusal that is final",
        ),
        pytest.param(
            DOWN, {"ordered": True, "head": "block"}, 9, "pending", "timeout", id="the head blocks"
        ),
        pytest.param(
            DOWN,
            {"ordered": True, "head": "skip"},
            9,
            "dead",
            "exhausted",
            id="the head is skipped",
        ),
        pytest.param(DOWN, {"state": "paused"}, 0, "held", "timeout", id="paused meanwhile"),
        pytest.param(OK, {"state": "paused"}, 0, "delivered", "", id="delivered, though paused"),
    ],
)
def test_what_becomes_of_a_delivery(
    answer: Answer, fields: dict[str, Any], attempts: int, state: str, reason: str
) -> None:
    """It ends when it is delivered, refused for good, or has used up its schedule."""
    done = settled(answer, at=endpoint(**fields), sent=delivery(attempts=attempts)).delivery

    assert (done.state, done.reason, done.attempts) == (state, reason, attempts + 1)
    assert bool(done.ended_at_us) is (state in ENDED)


def test_gone_disables() -> None:
    """410 says that nobody wants anything any more."""
    done = settled(GONE)

    assert done.endpoint is not None
    assert (done.endpoint.state, done.endpoint.why) == ("disabled", "it answered 410 Gone")


def test_a_callback_is_made_once() -> None:
    """When it is delivered nobody wants it any more; when it failed, it is still wanted."""
    callback = endpoint("cb_1", callback=Callback("job", "j", "c"))

    made, failed = settled(OK, at=callback).endpoint, settled(DOWN, at=callback).endpoint

    assert made is not None
    assert (made.state, made.why) == ("disabled", "made")
    assert failed is None


def test_a_callback_that_is_given_up_waits_no_more() -> None:
    """Its delivery is dead: it is not among what waits, and goes with its delivery in time."""
    callback = endpoint("cb_1", callback=Callback("job", "j", "c"), schedule=())

    after = settled(DOWN, at=callback)

    assert after.delivery.state == "dead"
    assert after.endpoint is not None
    assert (after.endpoint.state, after.endpoint.why) == (
        "disabled",
        "its delivery is dead: exhausted",
    )
    assert settled(DOWN, at=endpoint(schedule=())).endpoint is None


@pytest.mark.parametrize(
    ("days", "failures", "warned", "disabled"),
    [
        pytest.param(2.4, 9, 0, False, id="not yet half of the time"),
        pytest.param(2.5, 9, 1, False, id="half"),
        pytest.param(3.5, 9, 2, False, id="seven tenths"),
        pytest.param(4.5, 9, 3, False, id="nine tenths"),
        pytest.param(5.0, 9, 3, True, id="all of it"),
        pytest.param(60.0, 1, 0, False, id="two failures in two months prove nothing"),
    ],
)
def test_days_of_nothing_but_failures_disable(
    days: float,
    failures: int,
    warned: int,
    disabled: bool,  # noqa: FBT001
) -> None:
    """Somebody is warned three times before."""
    health = msgspec.structs.replace(FAILING, failures=failures)

    done = settled(DOWN, health=health, now_us=START_US + int(days * DAY_US))

    assert done.health.warned == warned
    assert (done.endpoint is not None) is disabled
    assert (done.delivery.state == "held") is disabled
    if done.endpoint is not None:
        assert done.endpoint.why == (
            "nothing but failures for 5.0 days: 10 attempts of 4 deliveries"
        )


def test_one_success_begins_the_days_anew() -> None:
    """What fails now and then is not disabled."""
    health = settled(OK, health=FAILING).health

    done = settled(DOWN, health=health, now_us=START_US + 9 * DAY_US)

    assert done.endpoint is None
    assert done.health.failing_since_us == START_US + 9 * DAY_US


def test_an_event_that_fails_again_is_no_other_event() -> None:
    """Deliveries are counted, not their attempts."""
    once = settled(DOWN)

    again = settled(DOWN, health=once.health, sent=once.delivery._replace(state="sending"))

    assert (again.health.failures, again.health.failed_events) == (2, 1)


ANSWERS = st.sampled_from(
    [
        OK,
        DOWN,
        GONE,
        Answer(status=500, failure="status"),
        Answer(status=404, failure="status"),
        Answer(status=429, failure="status", retry_after_s=400_000),
        Answer(status=302, failure="redirect"),
        Answer(failure="encryption"),
    ]
)


class OneDelivery(RuleBasedStateMachine):
    """A delivery and its endpoint through any answers, pauses and times."""

    def __init__(self) -> None:
        super().__init__()
        self.at = endpoint(schedule=(1.0, 10.0), client_errors="retry")
        self.health = Health()
        self.sent = delivery()
        self.now_us = START_US
        self.attempts: list[Attempt] = []

    @rule(ordered=st.booleans(), head=st.sampled_from(["block", "skip"]))
    def change(self, *, ordered: bool, head: str) -> None:
        """Somebody changes the endpoint."""
        self.at = msgspec.structs.replace(self.at, ordered=ordered, head=head)

    @rule(state=st.sampled_from(["active", "paused"]))
    def pause(self, state: str) -> None:
        """Somebody pauses or resumes it."""
        self.at = msgspec.structs.replace(self.at, state=state)

    @rule(answer=ANSWERS, chance=st.floats(0, 1), hours=st.floats(0, 100))
    def attempt(self, answer: Answer, chance: float, hours: float) -> None:
        """One more attempt, some time later; what has ended is sent again from the start."""
        self.now_us += int(hours * 3600 * SECOND)
        if self.sent.state in ENDED:
            self.sent = self.sent._replace(round=self.sent.round + 1, attempts=0, ended_at_us=0)
        before = self.sent = self.sent._replace(state="sending", worker="w", lease_until_us=1)

        done = settled(
            answer,
            at=self.at,
            health=self.health,
            sent=before,
            now_us=self.now_us,
            chance=chance,
        )

        assert done.delivery.attempts == before.attempts + 1
        assert (done.delivery.state == "delivered") is (answer.failure is None)
        assert (done.delivery.id, done.delivery.round) == (before.id, before.round)
        if done.delivery.state == "pending":
            wait_us = done.delivery.due_us - self.now_us
            assert 0.8 * SECOND <= wait_us <= DAY_US
        self.sent, self.health = done.delivery, done.health
        self.at = done.endpoint or self.at
        self.attempts.append(done.attempt)

    @invariant()
    def is_settled(self) -> None:
        """Nobody holds it, it has ended or will be sent, and what is disabled sends nothing."""
        if not self.attempts:
            return
        assert self.sent.state in {"pending", "held", "delivered", "dead"}
        assert (self.sent.worker, self.sent.lease_until_us) == ("", 0)
        assert bool(self.sent.ended_at_us) is (self.sent.state in ENDED)
        if self.at.state == "disabled":
            assert self.at.why

    @invariant()
    def is_counted(self) -> None:
        """Health begins anew with a success, and its numbers agree."""
        health = self.health
        assert bool(health.failures) is bool(health.failing_since_us)
        assert health.failed_events <= health.failures
        assert bool(health.opened_us) is bool(health.openings and health.retry_us)

    @invariant()
    def is_proven(self) -> None:
        """The attempts are a whole chain, and the endpoint knows its end."""
        assert verify(self.attempts, Chain(0, b"")) is None
        assert self.health.receipts == len(self.attempts)
        assert self.health.chain == (self.attempts[-1].hash if self.attempts else b"")


TestOneDelivery = OneDelivery.TestCase
TestOneDelivery.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
