"""When the client tries again."""

import httpx
import pytest

from client.fakes import Caller, contract
from hub_client import (
    HubError,
    MCPClient,
    NetworkError,
    RequestRefused,
    SerializationError,
    TimedOut,
    WebhookFailed,
)

OK = httpx.Response(200, json={"status": "ok"})
DOWN = httpx.Response(503)


def test_the_waits_are_one_two_and_four_seconds(caller: Caller) -> None:
    """Three retries after the first try, at 2**n seconds, then the error is raised."""
    caller.answer(DOWN)

    with pytest.raises(WebhookFailed) as caught:
        caller.call("send_contract", contract())

    assert caller.clock.pauses == [1, 2, 4]
    assert len(caller.requests) == 4
    assert (caught.value.status, caught.value.retryable) == (503, True)


def test_jitter_lengthens_a_wait_by_at_most_a_quarter(caller: Caller) -> None:
    """Waits are spread upwards, never below the schedule."""
    caller.clock.chance = 0.999
    caller.answer(DOWN)

    with pytest.raises(WebhookFailed):
        caller.call("send_contract", contract())

    assert all(
        n <= wait <= n * 1.25 for n, wait in zip((1, 2, 4), caller.clock.pauses, strict=True)
    )


def test_one_idempotency_key_covers_all_tries(caller: Caller) -> None:
    """A try that was heard and not answered is not done twice."""
    caller.answer(httpx.ReadTimeout("slow"), DOWN, OK)

    caller.call("send_contract", contract())

    keys = {request.headers["Idempotency-Key"] for request in caller.requests}
    assert len(caller.requests) == 3
    assert len(keys) == 1


def test_every_call_has_a_key_of_its_own_unless_given(caller: Caller) -> None:
    """Two calls are two things, except under a key of the caller's."""
    caller.answer(OK)

    caller.call("send_contract", contract())
    caller.call("send_contract", contract())
    caller.call("send_contract", contract(), idempotency_key="run-7")

    first, second, third = (request.headers["Idempotency-Key"] for request in caller.requests)
    assert first != second
    assert third == "run-7"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(caller: Caller, status: int) -> None:
    """408, 425, 429 and 5xx are retried."""
    caller.answer(httpx.Response(status), OK)

    assert caller.call("contracts_status") == {"status": "ok"}


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 422, 501])
def test_what_will_not_pass_is_not(caller: Caller, status: int) -> None:
    """Other 4xx, redirects and 501 are final."""
    caller.answer(httpx.Response(status), OK)

    with pytest.raises(HubError) as caught:
        caller.call("contracts_status")

    assert not caught.value.retryable
    assert len(caller.requests) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), NetworkError),
        (httpx.ReadError("reset"), NetworkError),
        (httpx.RemoteProtocolError("cut"), NetworkError),
        (httpx.ConnectTimeout("slow"), TimedOut),
        (httpx.ReadTimeout("slow"), TimedOut),
    ],
)
def test_a_lost_try_is_tried_again(caller: Caller, error: Exception, kind: type[HubError]) -> None:
    """No connection is E_NETWORK_ERROR, any timeout E_TIMEOUT; both are retried."""
    caller.answer(error)

    with pytest.raises(kind) as caught:
        caller.call("send_contract", contract())

    assert len(caller.requests) == 4
    assert caught.value.help == f"http://hub.test/docs/errors/{kind.code}"


def test_max_retries_of_0_tries_once(caller: Caller) -> None:
    """An explicit 0 is a 0."""
    caller.answer(DOWN)

    with pytest.raises(WebhookFailed):
        caller.call("contracts_status", options={"max_retries": 0})

    assert len(caller.requests) == 1


def test_backoff_factor_of_0_does_not_wait(caller: Caller) -> None:
    """0 to the power 0 is 1, but who asks for no wait gets none."""
    caller.answer(DOWN, DOWN, OK)

    caller.call("contracts_status", options={"backoff_factor": 0})

    assert caller.clock.pauses == [0, 0]


def test_timeout_of_0_is_a_timeout_at_once(caller: Caller) -> None:
    """There is no time to try, so nothing is sent and nothing is waited for."""
    with pytest.raises(TimedOut):
        caller.call("contracts_status", options={"timeout": 0})

    assert (caller.requests, caller.clock.pauses) == ([], [])


def test_the_timeout_goes_with_every_try(caller: Caller) -> None:
    """Each try may take its 30 seconds, the last one what the deadline leaves."""
    caller.answer(DOWN, OK)

    caller.call("contracts_status", options={"deadline": 10})

    reads = [request.extensions["timeout"]["read"] for request in caller.requests]
    assert reads == [10, 9]


def test_a_wait_beyond_the_deadline_is_not_begun(caller: Caller) -> None:
    """The error comes when waiting has become pointless, not when the deadline has passed."""
    caller.answer(DOWN)

    with pytest.raises(WebhookFailed):
        caller.call("contracts_status", options={"deadline": 3})

    assert caller.clock.pauses == [1]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("Thu, 01 Jan 1970 00:17:00 GMT", 20.0, id="a date"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0.0, id="a date gone by"),
        pytest.param("soon", 1.0, id="neither: the schedule"),
    ],
)
def test_retry_after_wins(caller: Caller, header: str, wait: float) -> None:
    """The hub knows better than the schedule when it will be back."""
    caller.answer(httpx.Response(429, headers={"Retry-After": header}), OK)

    caller.call("contracts_status")

    assert caller.clock.pauses == [wait]


def test_retry_after_beyond_the_deadline_ends_the_call(caller: Caller) -> None:
    """A hub that asks for more time than there is gets no more tries."""
    caller.answer(httpx.Response(429, headers={"Retry-After": "60"}))

    with pytest.raises(RequestRefused) as caught:
        caller.call("contracts_status", options={"deadline": 30})

    assert caller.clock.pauses == []
    assert caught.value.retry_after_s == 60


@pytest.mark.parametrize("name", ["max_retries", "backoff_factor", "timeout", "deadline"])
def test_numbers_below_0_are_refused(name: str) -> None:
    """A negative setting is a mistake, said when the client is made."""
    with pytest.raises(ValueError, match=f"expected {name} of 0 or more"):
        MCPClient(**{name: -1})  # type: ignore[arg-type] # each of the four by name


def test_an_unreadable_answer_is_not_tried_again(caller: Caller) -> None:
    """What cannot be read will not read better the next time."""
    caller.answer(httpx.Response(200, content=b"<html>"))

    with pytest.raises(SerializationError):
        caller.call("contracts_status")

    assert len(caller.requests) == 1


@pytest.mark.parametrize(
    "bad",
    [object(), "\ud800", {1: object()}],
    ids=["no JSON type", "a lone surrogate", "an inner object"],
)
def test_an_unwritable_value_is_never_sent(caller: Caller, bad: object) -> None:
    """E_SERIALIZATION_ERROR comes before any connection, with its page."""
    with pytest.raises(SerializationError) as caught:
        caller.call("send_contract", {"contract_id": bad})

    assert caller.requests == []
    assert caught.value.help == "http://hub.test/docs/errors/E_SERIALIZATION_ERROR"
