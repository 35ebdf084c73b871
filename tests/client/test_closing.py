"""Which ends of a connection come back."""

import pytest
from hypothesis import given, strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosedError,
    InvalidMessage,
    InvalidStatus,
)
from websockets.frames import Close
from websockets.http11 import Response

from hub_client import AuthenticationFailed, RequestRefused
from hub_client.listening.backoff import reconnect_delay
from hub_client.listening.closing import Loss, closed, lost


def refused(status: int, body: bytes = b"", **headers: str) -> Loss:
    """Return what a refused upgrade means."""
    return lost(InvalidStatus(Response(status, "", Headers(headers), body)), 0.0)


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000, 4412, 4499])
def test_these_come_back(code: int) -> None:
    """What is not the client's fault is resumed."""
    assert not closed(code, "").final


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 4500, 4501, 4508, 4999])
def test_these_do_not(code: int) -> None:
    """Coming back would only fail in the same way."""
    loss = closed(code, "")

    assert loss.final
    assert not loss.error.retryable
    assert loss.error.status == code


@pytest.mark.parametrize("code", [4501, 4503])
def test_a_refused_identity_is_its_own_error(code: int) -> None:
    """4501 and 4503 are E_AUTHENTICATION_FAILED, as 401 and 403 are."""
    assert isinstance(closed(code, "").error, AuthenticationFailed)


@pytest.mark.parametrize(
    ("text", "reason", "wait_s"),
    [
        pytest.param('{"retry_after_ms": 1500}', "draining", 1.5, id="JSON with a wait"),
        pytest.param('{"code": "moving", "retry_after_ms": 0}', "moving", 0, id="its own word"),
        pytest.param('{"retry_after_ms": -5}', "draining", 0, id="a wait gone by"),
        pytest.param('{"retry_after_ms": "5"}', "draining", None, id="no number"),
        pytest.param('{"retry_after_ms": true}', "draining", None, id="no number either"),
        pytest.param('{"code": 7}', "draining", None, id="no word"),
        pytest.param("bye", "draining", None, id="plain text"),
        pytest.param("", "draining", None, id="nothing"),
    ],
)
def test_a_reason_is_read_as_far_as_it_goes(text: str, reason: str, wait_s: float | None) -> None:
    """The hub's wait wins; a reason that is not JSON does no harm."""
    loss = closed(4412, text)

    assert (loss.reason, loss.retry_after_s) == (reason, wait_s)


def test_a_code_without_a_name_has_its_text_or_its_number() -> None:
    """There is always a reason to show, and the page the hub names wins."""
    assert closed(4321, "odd").reason == "odd"
    assert closed(4321, "").reason == "close_4321"
    assert closed(4500, '{"help": "/docs/x"}').error.help == "/docs/x"


@pytest.mark.parametrize(
    ("code", "text", "page"),
    [
        pytest.param(4408, "", "docs/errors/slow_consumer", id="a code of the hub's"),
        pytest.param(
            4500,
            '{"code": "invalid_command"}',
            "docs/errors/invalid_command",
            id="a word of the hub's",
        ),
        pytest.param(4999, "", "docs/errors", id="a code that nobody knows"),
        pytest.param(1014, "upstream is gone", "docs/errors", id="what a proxy says"),
        pytest.param(4500, '{"help": 7}', "docs/errors/bad_frame", id="help that is no address"),
    ],
)
def test_help_leads_to_a_page_that_there_is(code: int, text: str, page: str) -> None:
    """A word that the hub did not say has none of its own."""
    assert str(closed(code, text).error.help).strip("/") == page


@pytest.mark.parametrize(
    ("status", "final"),
    [(401, True), (403, True), (404, True), (400, True), (408, False), (429, False), (500, False),
     (501, False), (503, False)],
)  # fmt: skip
def test_a_refused_upgrade_comes_back_when_it_may_pass(status: int, *, final: bool) -> None:
    """429 and 5xx come back; who is refused by name does not."""
    assert refused(status).final is final


def test_a_refusal_keeps_the_hubs_words() -> None:
    """Code, wait and reason come from the answer."""
    loss = refused(429, b'{"code":"rate_limited"}', **{"Retry-After": "3"})

    assert (loss.code, loss.reason, loss.retry_after_s) == (429, "rate_limited", 3.0)
    assert isinstance(loss.error, RequestRefused)
    assert refused(404).reason == "http_404"


def test_a_broken_line_is_a_network_error() -> None:
    """No close frame, no answer, no socket: all come back as 1006."""
    for error in (ConnectionClosedError(None, None), OSError("no route"), InvalidMessage("junk")):
        loss = lost(error, 0.0)
        assert (loss.code, loss.reason, loss.final) == (1006, "network_error", False)
    assert lost(TimeoutError(), 0.0).reason == "timeout"


def test_a_frame_we_cannot_take_ends_it() -> None:
    """A frame that is too big would come again: what we closed for it stays closed."""
    too_big = ConnectionClosedError(None, Close(1009, "too big"))
    going = ConnectionClosedError(None, Close(1011, "keepalive"))

    assert lost(too_big, 0.0).final
    assert not lost(going, 0.0).final


@given(attempt=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_between_half_a_second_and_twenty(attempt: int, jitter: float) -> None:
    """Full jitter over a doubling range, never below 500 ms, never above 20 s."""
    assert 0.5 <= reconnect_delay(attempt, jitter) <= 20


def test_waits_grow() -> None:
    """The range doubles until the cap."""
    assert [reconnect_delay(n, 0.5) for n in range(8)] == [
        0.75, 1.0, 1.5, 2.5, 4.5, 8.5, 10.5, 10.5
    ]  # fmt: skip
    assert reconnect_delay(10**9, 0.999) == 20
