"""Whether and when a delivery is tried again."""

from typing import Any

import pytest

from hub.model.endpoint import SCHEDULE
from hub.webhooks.schedule import failure_of, is_final, next_delay_s
from hub.webhooks.sender import Answer
from support.webhooks import endpoint


def delays(chance: float, **fields: Any) -> list[float]:
    """Return the delays of an endpoint, until there is none any more."""
    found: list[float] = []
    while (delay := next_delay_s(endpoint(**fields), len(found) + 1, None, chance)) is not None:
        found.append(delay)
    return found


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    """5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts, then no more."""
    assert delays(1.0) == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


def test_jitter_takes_a_fifth_at_most() -> None:
    """What failed together comes back spread over the upper fifth of its delay."""
    assert delays(0.0) == pytest.approx([0.8 * each for each in SCHEDULE])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        pytest.param((1.0, 2.0), [1.0, 2.0], id="its own"),
        pytest.param((), [], id="none: one attempt"),
        pytest.param((0.0,), [0.0], id="at once"),
    ],
)
def test_an_endpoint_has_its_own_schedule(
    schedule: tuple[float, ...], expected: list[float]
) -> None:
    """An explicit zero and an empty schedule are meant."""
    assert delays(1.0, schedule=schedule) == expected


@pytest.mark.parametrize(
    ("retry_after_s", "expected"),
    [
        pytest.param(60.0, 60.0, id="later than the schedule"),
        pytest.param(1.0, 5.0, id="sooner than the schedule"),
        pytest.param(1e9, 86_400.0, id="a day at most"),
        pytest.param(-5.0, 5.0, id="in the past"),
    ],
)
def test_what_the_receiver_asks_for_is_honoured(retry_after_s: float, expected: float) -> None:
    """Retry-After makes a delay longer, never shorter, and never longer than a day."""
    assert next_delay_s(endpoint(), 1, retry_after_s, 1.0) == expected


def test_a_head_that_blocks_is_tried_on() -> None:
    """An ordered endpoint that blocks gets its head at the last interval, without end."""
    blocking = endpoint(ordered=True, head="block", schedule=(1.0, 60.0))

    assert [next_delay_s(blocking, n, None, 1.0) for n in (1, 2, 3, 1_000)] == [1, 60, 60, 60]
    assert next_delay_s(endpoint(ordered=True, schedule=()), 1, None, 1.0) == 3600


def test_a_head_that_may_be_skipped_is_given_up() -> None:
    """With `skip` those behind it go on."""
    assert delays(1.0, ordered=True, head="skip", schedule=(1.0,)) == [1.0]


@pytest.mark.parametrize(
    ("status", "fields", "final"),
    [
        pytest.param(400, {}, False, id="4xx is tried again"),
        pytest.param(400, {"client_errors": "fail"}, True, id="unless the endpoint says otherwise"),
        pytest.param(408, {"client_errors": "fail"}, False, id="a timeout there is not final"),
        pytest.param(425, {"client_errors": "fail"}, False, id="too early is not final"),
        pytest.param(429, {"client_errors": "fail"}, False, id="too many is not final"),
        pytest.param(500, {"client_errors": "fail"}, False, id="5xx is tried again"),
        pytest.param(302, {"client_errors": "fail"}, False, id="a redirect is tried again"),
        pytest.param(None, {"client_errors": "fail"}, False, id="no answer is tried again"),
        pytest.param(410, {}, True, id="gone is final"),
        pytest.param(
            400, {"client_errors": "fail", "ordered": True}, False, id="a head that blocks blocks"
        ),
    ],
)
def test_what_is_final(status: int | None, fields: dict[str, Any], final: bool) -> None:  # noqa: FBT001
    """Only 410 is, and 4xx where the endpoint wants it so."""
    assert is_final(endpoint(**fields), status) is final


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        pytest.param(200, None, id="200"),
        pytest.param(204, None, id="204"),
        pytest.param(299, None, id="299"),
        pytest.param(199, "status", id="199"),
        pytest.param(300, "redirect", id="300"),
        pytest.param(302, "redirect", id="302"),
        pytest.param(404, "status", id="404"),
        pytest.param(500, "status", id="500"),
        pytest.param(None, "protocol", id="none"),
    ],
)
def test_only_2xx_is_success(status: int | None, failure: str | None) -> None:
    """A redirect is none, whatever the sender makes of it."""
    assert failure_of(Answer(status=status)) == failure
