"""The verdict on an upgrade, as a pure function."""

import json
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings, strategies as st

from hub.auth.admission import Rules
from hub.errors import (
    ChannelNotFound,
    Draining,
    ForeignHost,
    HubError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    UpgradeRequired,
)
from hub.model.principal import ANONYMOUS, Principal
from hub.transports.websocket.handshake import (
    Admitted,
    Guards,
    Refused,
    Unsure,
    Upgrade,
    close_reason,
    fault,
    judge,
    refusal_headers,
    refuse as told_by,
)

RULES = Rules(open_mode=True, origins=frozenset())
KNOWN = ("contracts", "jobs")
HOST = (b"host", b"localhost")
PAGE = (b"origin", b"http://localhost")


def let_in(_principal: Principal | None) -> None:
    """Let everybody in."""


def refuse(_principal: Principal | None) -> None:
    """Let nobody in."""
    raise Draining("the hub is stopping", retry_after_ms=1_234)


def permit(_principal: Principal, channels: Sequence[str]) -> bool:
    """Permit what there is."""
    for name in channels:
        if name not in KNOWN:
            raise ChannelNotFound(f"expected some of {KNOWN}, got {name}")
    return True


def anybody(_upgrade: Upgrade) -> Principal:
    """Know everybody."""
    return ANONYMOUS


GUARDS = Guards(RULES, anybody, permit, let_in)


def verdict(
    path: str = "/ws", query: str = "", *headers: tuple[bytes, bytes], draining: bool = False
) -> Admitted | Refused:
    """Judge an upgrade from this machine."""
    guards = GUARDS._replace(admit=refuse if draining else let_in)
    found = judge(Upgrade(path, query, [HOST, *headers]), guards)
    assert not isinstance(found, Unsure)
    return found


def test_the_default_channels_are_asked_for_by_saying_nothing() -> None:
    """No `channels` is not the same as an empty one."""
    assert verdict() == Admitted(None, None)
    assert verdict("/ws", "channels=") == Admitted([], None)


@pytest.mark.parametrize(
    ("query", "channels"),
    [
        pytest.param("channels=jobs", ["jobs"], id="one"),
        pytest.param("channels=jobs,contracts", ["jobs", "contracts"], id="in the order asked"),
        pytest.param("channels=jobs&x=1&channels=contracts", ["jobs", "contracts"], id="twice"),
        pytest.param("channels=,jobs,,", ["jobs"], id="empty names are passed over"),
        pytest.param("channels=jobs%2Ccontracts", ["jobs", "contracts"], id="encoded comma"),
        pytest.param("x=1", None, id="other parameters"),
    ],
)
def test_channels_are_read_from_the_query(query: str, channels: list[str] | None) -> None:
    """Names are split at commas, each taken once."""
    assert verdict("/ws", query) == Admitted(channels, None)


@pytest.mark.parametrize(
    ("found", "kind", "code"),
    [
        pytest.param(verdict("/"), NotFound, None, id="path, program"),
        pytest.param(verdict("/", "", PAGE), NotFound, 4500, id="path, browser"),
        pytest.param(verdict("/ws", "channels=x"), ChannelNotFound, None, id="channel, program"),
        pytest.param(verdict("/ws", "channels=x", PAGE), ChannelNotFound, 4500, id="channel, page"),
        pytest.param(verdict("/ws", "", HOST), InvalidRequest, None, id="two hosts, program"),
        pytest.param(verdict("/ws", "", HOST, PAGE), InvalidRequest, 4500, id="two hosts, browser"),
        pytest.param(verdict(draining=True), Draining, None, id="draining, program"),
        pytest.param(verdict("/ws", "", PAGE, draining=True), Draining, 4412, id="draining, page"),
    ],
)
def test_a_refusal_speaks_to_who_asks(
    found: Admitted | Refused, kind: type[HubError], code: int | None
) -> None:
    """Programs get an HTTP status, browsers a close code."""
    assert isinstance(found, Refused)
    assert isinstance(found.failure, kind)
    assert found.close_code == code


def kinds(base: type[HubError]) -> Iterator[type[HubError]]:
    """Yield every kind of error."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.mark.parametrize("kind", [*kinds(HubError)], ids=lambda kind: kind.__name__)
def test_a_page_is_told_to_come_back_where_that_helps(kind: type[HubError]) -> None:
    """A database that is away for a second must not send every page away for good."""
    failure = kind.__new__(kind)

    code = told_by(Upgrade("/ws", "", [HOST, PAGE]), failure).close_code

    assert code is not None
    assert not (failure.retryable and 4500 <= code < 5000)


def test_a_refusal_keeps_the_subprotocol() -> None:
    """A browser needs it to see the close code at all."""
    offered = (b"sec-websocket-protocol", b"hub.v1.json")

    found = judge(Upgrade("/ws", "", [offered, PAGE]), GUARDS)

    assert isinstance(found, Refused)
    assert isinstance(found.failure, ForeignHost)
    assert found.subprotocol == "hub.v1.json"


@settings(derandomize=True)
@given(
    st.text(max_size=20),
    st.text(max_size=40),
    st.lists(
        st.tuples(
            st.sampled_from([b"host", b"origin", b"sec-websocket-protocol", b"forwarded"]),
            st.binary(max_size=30),
        )
    ),
)
def test_any_upgrade_gets_a_verdict(
    path: str, query: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """Whatever is asked, the verdict is a value, and a refusal can be told."""
    found = judge(Upgrade(path, query, headers), GUARDS)

    if isinstance(found, Refused):
        assert found.failure.status >= 400
        assert len(close_reason(found.failure).encode()) <= 123
        assert found.close_code is None or 4500 <= found.close_code < 5000


@pytest.mark.parametrize(
    ("method", "version", "offered", "kind", "word"),
    [
        pytest.param("PUT", "1.1", b"13", MethodNotAllowed, "PUT", id="method"),
        pytest.param("GET", "1.0", b"13", UpgradeRequired, "HTTP/1.0", id="HTTP version"),
        pytest.param("GET", "1.1", b"12", UpgradeRequired, "12", id="WebSocket version"),
        pytest.param("GET", "1.1", b"13", InvalidRequest, "no key", id="what the parser says"),
    ],
)
def test_a_fault_names_what_was_expected_and_what_came(
    method: str, version: str, offered: bytes, kind: type[HubError], word: str
) -> None:
    """Each way to miss the handshake has its status and says what came."""
    headers = [HOST, (b"sec-websocket-version", offered)]

    found = fault(method, version, headers, "no key")

    assert type(found) is kind
    assert str(found).startswith("expected")
    assert word in str(found)


@pytest.mark.parametrize(
    ("failure", "header"),
    [
        (Draining("x"), ("Retry-After", "1")),
        (Draining("x", retry_after_ms=1_001), ("Retry-After", "2")),
        (UpgradeRequired("x"), ("Upgrade", "websocket")),
        (UpgradeRequired("x"), ("Sec-WebSocket-Version", "13")),
        (MethodNotAllowed("x"), ("Allow", "GET")),
        (NotFound("x"), ("Content-Type", "application/problem+json")),
    ],
    ids=[
        "when to come back",
        "in whole seconds, upwards",
        "to what",
        "which version",
        "which method",
        "what it is",
    ],
)
def test_a_refusal_has_the_headers_of_its_status(
    failure: HubError, header: tuple[str, str]
) -> None:
    """Each status brings the headers that RFC 9110 and RFC 6455 demand of it."""
    assert header in refusal_headers(failure)


def test_a_close_reason_is_json() -> None:
    """A client branches on the code in it, and waits as long as it says."""
    own = Draining("x", retry_after_ms=1_234)

    assert json.loads(close_reason(Draining("x"))) == {"code": "draining"}
    assert json.loads(close_reason(own)) == {"code": "draining", "retry_after_ms": 1_234}
