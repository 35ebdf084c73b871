"""Who may come in, as pure functions: the same for HTTP requests and WebSocket upgrades."""

import string

import pytest
from hypothesis import given, settings, strategies as st

from hub.auth.admission import OWN_NAMES, Door, Rules, check, check_json, read_door
from hub.errors import (
    ForeignHost,
    ForeignOrigin,
    HubError,
    InvalidRequest,
    ProxiedInOpenMode,
    UnsupportedMediaType,
)

OPEN = Rules(open_mode=True, origins=frozenset())
CLOSED = Rules(open_mode=False, origins=frozenset())
NAMED = Rules(open_mode=False, origins=frozenset(), hosts=frozenset({"hub.example"}))
APP = "https://app.example"
WITH_APP = Rules(open_mode=True, origins=frozenset({APP}))


def door(host: str | None = "localhost:8000", origin: str | None = None) -> Door:
    """Return what a request with these headers shows."""
    return Door(host, origin, forwarded=None, content_type=None)


# Host.


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LocalHost:80", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9"],
)
def test_this_machine_may_be_asked_by_its_own_names(host: str) -> None:
    """The three names of loopback pass, with any port, in any case."""
    check(door(host), OPEN)


@pytest.mark.parametrize("host", ["hub.example", "HUB.example:443", "localhost:8000", "[::1]:1"])
def test_a_hub_with_names_may_be_asked_by_them(host: str) -> None:
    """In any case and with any port, and by this machine's own, which nobody can point away."""
    check(door(host), NAMED)


@pytest.mark.parametrize("host", [None, "evil.example", "hub.example.evil", "10.0.0.7"])
def test_a_hub_with_names_answers_to_no_other(host: str | None) -> None:
    """A page cannot reach it by a name that was made to point here."""
    with pytest.raises(ForeignHost, match="HUB_ALLOWED_HOSTS"):
        check(door(host), NAMED)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("evil.example", id="a foreign name"),
        pytest.param("localhost.evil.example", id="ours in front of a foreign one"),
        pytest.param("evil.localhost", id="below ours"),
        pytest.param("127.0.0.1.nip.io", id="our address as a name"),
        pytest.param("127.0.0.2", id="another loopback address"),
        pytest.param("0.0.0.0", id="every address"),
        pytest.param("[::ffff:127.0.0.1]", id="our address mapped"),
        pytest.param("::1", id="IPv6 without brackets"),
        pytest.param("[::1", id="bracket not closed"),
        pytest.param("[::1]evil", id="something behind the bracket"),
        pytest.param("[::1].evil.example", id="a name behind the bracket"),
        pytest.param("localhost:", id="port missing"),
        pytest.param("localhost:80:80", id="two ports"),
        pytest.param("localhost:evil", id="port is no number"),
        pytest.param("localhost:80@evil", id="user info"),
        pytest.param("user@localhost", id="user info in front"),
        pytest.param("localhost, evil.example", id="a list"),
        pytest.param("localhost/evil", id="a path"),
        pytest.param("localhost\n", id="a line end behind"),
        pytest.param(" localhost", id="a space in front"),
        pytest.param("\u017focalhost", id="a letter that folds to another"),
        pytest.param("localhost.", id="the root's dot"),
    ],
)
def test_an_open_hub_answers_to_no_other_name(host: str | None) -> None:
    """Any other Host is refused: it may be a name that an attacker made point here."""
    with pytest.raises(ForeignHost):
        check(door(host), OPEN)


def test_a_hub_with_credentials_does_not_look_at_the_host() -> None:
    """The Host rule protects open hubs only."""
    check(door("hub.example"), CLOSED)


@settings(derandomize=True)
@given(st.text(alphabet=string.printable, max_size=40))
def test_only_own_names_pass(host: str) -> None:
    """Whatever the Host is, it passes only as one of the three names and perhaps a port."""
    name, _, port = host.lower().rpartition(":")
    fine = host.lower() in OWN_NAMES or (
        name in OWN_NAMES and 1 <= len(port) <= 5 and set(port) <= set(string.digits)
    )

    assert _passes(door(host), OPEN) is fine


# Origin.


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        pytest.param("localhost:8000", "http://localhost:8000", id="same host and port"),
        pytest.param("localhost:8000", "HTTP://LOCALHOST:8000", id="in another case"),
        pytest.param("localhost", "http://localhost", id="both on the default port"),
        pytest.param("localhost", "https://localhost", id="behind TLS"),
        pytest.param("[::1]:8000", "http://[::1]:8000", id="IPv6"),
        pytest.param("localhost", APP, id="one of CORS_ORIGINS"),
    ],
)
def test_own_pages_may_ask(host: str, origin: str) -> None:
    """A page of our own, or of an origin that CORS_ORIGINS names, passes."""
    check(door(host, origin), WITH_APP)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("http://evil.example", id="foreign"),
        pytest.param("http://localhost:8001", id="another port"),
        pytest.param("http://localhost", id="no port"),
        pytest.param("http://127.0.0.1:8000", id="another name of this machine"),
        pytest.param("ftp://localhost:8000", id="another scheme"),
        pytest.param("localhost:8000", id="no scheme"),
        pytest.param("http://localhost:8000/", id="a path"),
        pytest.param("http://localhost:8000@evil.example", id="user info"),
        pytest.param("http://evil.example#http://localhost:8000", id="ours in a fragment"),
        pytest.param("http://localhost:8000, http://evil.example", id="a list"),
        pytest.param("http://[::1", id="not an address at all"),
        pytest.param("https://app.example.evil.example", id="CORS_ORIGINS in front"),
        pytest.param("http://app.example", id="CORS_ORIGINS with another scheme"),
    ],
)
def test_foreign_pages_may_not_ask(origin: str) -> None:
    """Anything that is not exactly one of our origins is refused, readable or not."""
    with pytest.raises(ForeignOrigin):
        check(door("localhost:8000", origin), WITH_APP)


def test_null_is_nobodys_origin_even_when_it_is_named() -> None:
    """Every sandboxed frame is `null`; CORS_ORIGINS cannot let them all in."""
    with pytest.raises(ForeignOrigin):
        check(door(origin="null"), Rules(open_mode=True, origins=frozenset({"null"})))


@pytest.mark.parametrize("host", [None, ""])
def test_a_page_of_nobody_is_not_ours(host: str | None) -> None:
    """Without a Host no Origin is the same as ours."""
    with pytest.raises(ForeignOrigin):
        check(door(host, "http://"), CLOSED)


def test_a_program_has_no_origin() -> None:
    """Without an Origin the rule says nothing."""
    check(door(origin=None), OPEN)


@settings(derandomize=True)
@given(st.text(max_size=60), st.sampled_from(["localhost:8000", "127.0.0.1", "[::1]:1"]))
def test_any_text_as_origin_is_judged_without_a_fault(origin: str, host: str) -> None:
    """No Origin makes the check fail, and only our own passes."""
    own = origin.lower() in {f"http://{host}", f"https://{host}"}

    assert _passes(door(host, origin), OPEN) is own


# Proxies.


@pytest.mark.parametrize(
    "name",
    [b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded"],
)
def test_an_open_hub_refuses_what_a_proxy_forwards(name: bytes) -> None:
    """A proxy in front would open the hub to the world; any of its marks is enough."""
    found = read_door([(b"host", b"localhost"), (name, b"")])

    with pytest.raises(ProxiedInOpenMode):
        check(found, OPEN)
    check(found, CLOSED)


# Headers.


@pytest.mark.parametrize("name", [b"host", b"origin", b"content-type"])
@pytest.mark.parametrize("same", [True, False], ids=["the same twice", "two values"])
def test_a_header_that_is_judged_may_come_once(name: bytes, *, same: bool) -> None:
    """First or last is a matter of opinion, and opinions can be played off (CWE-444)."""
    headers = [(b"host", b"localhost")] if name != b"host" else []
    found = read_door([*headers, (name, b"localhost"), (name, b"localhost" if same else b"evil")])

    for rules in (OPEN, CLOSED):
        with pytest.raises(InvalidRequest):
            check(found, rules)


def test_other_headers_may_be_repeated() -> None:
    """Cookie and Accept and all the others are not looked at."""
    check(read_door([(b"host", b"localhost"), (b"cookie", b"a"), (b"cookie", b"b")]), OPEN)


@settings(derandomize=True)
@given(st.lists(st.tuples(st.sampled_from([b"host", b"origin", b"via"]), st.binary(max_size=20))))
def test_any_bytes_as_headers_are_judged_without_a_fault(
    headers: list[tuple[bytes, bytes]],
) -> None:
    """A header of any bytes is refused or passes; it never makes the check fail."""
    _passes(read_door(headers), OPEN)


# Content-Type.


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        " application/json ",
    ],
)
def test_json_says_that_it_is_json(kind: str) -> None:
    """Parameters, case and spaces do not matter."""
    check_json(Door("localhost", None, None, kind))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("text/plain", id="what a form can send"),
        pytest.param("application/x-www-form-urlencoded", id="a form"),
        pytest.param("text/plain; application/json", id="JSON as a parameter"),
        pytest.param("application/jsonp", id="alike"),
        pytest.param("application/json, text/plain", id="a list"),
    ],
)
def test_what_a_page_can_send_unasked_is_refused(kind: str | None) -> None:
    """Only a JSON type makes a browser ask first, so only that passes."""
    with pytest.raises(UnsupportedMediaType):
        check_json(Door("localhost", None, None, kind))


def _passes(found: Door, rules: Rules) -> bool:
    try:
        check(found, rules)
    except HubError:
        return False
    return True
