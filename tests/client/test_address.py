"""Where the client finds the hub."""

import pytest

from hub_client.address import DEFAULT_URL, USER_AGENT, Address


@pytest.mark.parametrize(
    ("url", "environment", "http", "websocket"),
    [
        pytest.param(None, {}, DEFAULT_URL, "ws://127.0.0.1:8000/ws", id="nothing set"),
        pytest.param("https://h/", {}, "https://h", "wss://h/ws", id="an argument"),
        pytest.param(
            None, {"HUB_URL": "http://h:1/hub/"}, "http://h:1/hub", "ws://h:1/hub/ws", id="HUB_URL"
        ),
        pytest.param(
            None,
            {"WS_URI": "ws://localhost:8000/api/ws"},
            "http://localhost:8000",
            "ws://localhost:8000/api/ws",
            id="the seed's WS_URI",
        ),
        pytest.param(None, {"WS_URI": "wss://h/ws"}, "https://h", "wss://h/ws", id="secure WS_URI"),
        pytest.param(
            None,
            {"HUB_URL": "http://a", "WS_URI": "ws://b/ws"},
            "http://a",
            "ws://b/ws",
            id="both, each for its own",
        ),
        pytest.param(
            "http://c", {"HUB_URL": "http://a", "WS_URI": "ws://b/ws"}, "http://c", "ws://c/ws",
            id="an argument wins over both",
        ),
        pytest.param("ws://d/x/ws", {}, "http://d/x", "ws://d/x/ws", id="a socket's address"),
        pytest.param(None, {"HUB_URL": "", "WS_URI": ""}, DEFAULT_URL, "ws://127.0.0.1:8000/ws",
            id="empty is unset"),
    ],
)  # fmt: skip
def test_both_addresses_come_from_what_is_set(
    url: str | None, environment: dict[str, str], http: str, websocket: str
) -> None:
    """The argument wins, then HUB_URL and WS_URI, each worked out from the other."""
    address = Address(url, None, environment)

    assert (address.http, address.websocket) == (http, websocket)


@pytest.mark.parametrize("url", ["hub:8000", "ftp://hub", "http://", "tcp://10.0.0.1:8000"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """A wrong address fails when the client is made, not at the first call."""
    with pytest.raises(ValueError, match="expected http"):
        Address(url, None, {})


def test_the_token_is_asked_for_each_time() -> None:
    """A callable token is asked anew, so that a renewed one is used."""
    tokens = iter(["a", "b"])
    address = Address(None, lambda: next(tokens), {"HUB_TOKEN": "unused"})

    sent = [address.headers()["Authorization"] for _ in range(2)]

    assert sent == ["Bearer a", "Bearer b"]


def test_no_token_is_no_header() -> None:
    """Without a token only the client's name goes along; an empty one hides HUB_TOKEN."""
    assert Address(None, None, {}).headers() == {"User-Agent": USER_AGENT}
    assert Address(None, "", {"HUB_TOKEN": "t"}).headers() == {"User-Agent": USER_AGENT}
    assert Address(None, None, {"HUB_TOKEN": "t"}).headers()["Authorization"] == "Bearer t"


def test_the_upgrade_waits_for_subscribe() -> None:
    """The socket opens with no channels, also behind a query of the user's own."""
    assert Address("http://h", None, {}).upgrade() == "ws://h/ws?channels="
    assert Address("ws://h/ws?a=1", None, {}).upgrade() == "ws://h/ws?a=1&channels="
