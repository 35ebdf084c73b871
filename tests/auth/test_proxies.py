"""Proxies in front: whom they ask for, and that nobody else is believed."""

import ipaddress
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.auth.proxies import NO_PROXIES, Proxies

NGINX = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


def client(peer: str, *forwarded: str, proxies: Proxies = NGINX) -> str:
    """Return for whom a peer asks that sent these headers."""
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return proxies.client(peer, [(b"host", b"hub.example"), *headers])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        pytest.param("127.0.0.1", ["1.2.3.4"], "1.2.3.4", id="one proxy"),
        pytest.param("10.1.1.1", ["1.2.3.4, 10.9.9.9"], "1.2.3.4", id="two proxies"),
        pytest.param("10.1.1.1", ["1.2.3.4", "10.9.9.9"], "1.2.3.4", id="in two headers"),
        pytest.param("fd00::1", ["2001:db8::7"], "2001:db8::7", id="IPv6"),
        pytest.param("127.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7", id="IPv6, a port"),
        pytest.param("127.0.0.1", ["1.2.3.4:5678"], "1.2.3.4", id="IPv4, a port"),
        pytest.param("::ffff:10.1.1.1", ["1.2.3.4"], "1.2.3.4", id="IPv4 as IPv6"),
        pytest.param("127.0.0.1", ["10.5.5.5"], "10.5.5.5", id="a client in the proxies' network"),
        pytest.param("127.0.0.1", [], "127.0.0.1", id="a proxy that says nothing"),
    ],
)
def test_a_proxy_is_believed(peer: str, forwarded: list[str], found: str) -> None:
    """The nearest address that is no proxy is the client."""
    assert client(peer, *forwarded) == found


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        pytest.param("9.9.9.9", ["1.2.3.4"], "9.9.9.9", id="said by no proxy"),
        pytest.param("127.0.0.1", ["127.0.0.1, 6.6.6.6"], "6.6.6.6", id="made up in front"),
        pytest.param("127.0.0.1", ["10.1.1.1, 6.6.6.6"], "6.6.6.6", id="a proxy made up"),
        pytest.param("127.0.0.1", ["1.2.3.4, junk"], "127.0.0.1", id="no address"),
        pytest.param("127.0.0.1", ["1.2.3.4, junk, 10.1.1.1"], "10.1.1.1", id="none in between"),
        pytest.param("127.0.0.1", ["9" * 9000], "127.0.0.1", id="a long one"),
        pytest.param("127.0.0.1", [","], "127.0.0.1", id="empty"),
        pytest.param("", ["1.2.3.4"], "", id="a Unix socket"),
    ],
)
def test_nobody_else_is_believed(peer: str, forwarded: list[str], found: str) -> None:
    """What a client makes up stands in front of what the proxy adds."""
    assert client(peer, *forwarded) == found


def test_without_proxies_headers_say_nothing() -> None:
    """The default."""
    assert client("127.0.0.1", "1.2.3.4", proxies=NO_PROXIES) == "127.0.0.1"


@given(st.text(alphabet="0123456789abcdef:.,[] x", max_size=200))
def test_whatever_is_sent_a_client_is_an_address(said: str) -> None:
    """Nothing else gets into logs and limits."""
    assert ipaddress.ip_address(client("127.0.0.1", said)) is not None


def test_a_request_gets_the_client_in_the_place_of_the_proxy() -> None:
    """For limits and the log."""
    headers = [(b"x-forwarded-for", b"1.2.3.4")]
    scope: dict[str, Any] = {"client": ("127.0.0.1", 5), "headers": headers}

    NO_PROXIES.unwrap(scope)
    before = scope["client"]
    NGINX.unwrap(scope)

    assert (before, scope["client"]) == (("127.0.0.1", 5), ("1.2.3.4", 0))


def test_a_hop_of_any_length_is_not_remembered() -> None:
    """4,096 of 64 KiB would be a quarter of a gigabyte, where a proxy hands on what came."""
    long = [(b"x-forwarded-for", b"%d" % number + b"x" * 60_000) for number in range(50)]

    tracemalloc.start()
    clients = {Proxies(["10.0.0.1"]).client("10.0.0.1", [header]) for header in long}
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The headers were there before.
    assert clients == {"10.0.0.1"}
    assert kept < 1_000_000
