"""Targets: which URLs may be registered, without a look at where their names lead."""

import pytest
from hypothesis import given, strategies as st

from hub.errors import WebhookUrlRefused
from hub.webhooks.addresses import Own, Reach, kind, read_address, read_networks
from hub.webhooks.targets import allowed, read_url

NOWHERE = Reach()
LOOPBACK = Reach(opened=read_networks("127.0.0.0/8,::1/128"))
HTTP = Reach(http=True)
OWN = Reach(own=Own("127.0.0.1", 8000))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        pytest.param("https://a.example/hook", "https://a.example/hook", id="a plain one"),
        pytest.param("https://a.example", "https://a.example/", id="without a path"),
        pytest.param("HTTPS://A.Example/Hook", "https://a.example/Hook", id="in capitals"),
        pytest.param("https://a.example:443/", "https://a.example/", id="the usual port"),
        pytest.param("https://a.example:8443/", "https://a.example:8443/", id="the other port"),
        pytest.param("https://a.example/?a=b&c", "https://a.example/?a=b&c", id="with a query"),
        pytest.param("https://a.example?a=b", "https://a.example/?a=b", id="a query without path"),
        pytest.param("https://bücher.example/", "https://xn--bcher-kva.example/", id="letters"),
        pytest.param("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/", id="IDNA"),
        pytest.param("https://my_service.example/", "https://my_service.example/", id="underscore"),
        pytest.param("https://8.8.8.8/h", "https://8.8.8.8/h", id="an address"),
        pytest.param("https://[2606:4700::1]/h", "https://[2606:4700::1]/h", id="IPv6"),
        pytest.param("https://[2606:4700:0::1]/", "https://[2606:4700::1]/", id="IPv6 in full"),
        pytest.param("https://[::ffff:8.8.8.8]/", "https://8.8.8.8/", id="IPv4 wrapped in IPv6"),
        pytest.param("https://8-8.example/", "https://8-8.example/", id="digits in a name"),
        pytest.param("https://a.example/a%20b@c:d", "https://a.example/a%20b@c:d", id="a path"),
    ],
)
def test_a_url_is_kept_in_one_form(url: str, kept: str) -> None:
    """What can be written in two ways is kept in one."""
    assert read_url(url, NOWHERE).url == kept


@pytest.mark.parametrize(
    ("url", "text"),
    [
        pytest.param("", "no spaces", id="nothing"),
        pytest.param("a.example/hook", "expected https://HOST/PATH", id="no scheme"),
        pytest.param("//a.example/hook", "expected https://HOST/PATH", id="no scheme, two slashes"),
        pytest.param("https:///hook", "expected https://HOST/PATH", id="no host"),
        pytest.param("https://[2606:4700::1].a.example/", "got no address", id="a name after IPv6"),
        pytest.param("https://a.example[2606:4700::1]/", "got no address", id="a name before IPv6"),
        pytest.param("https:a.example", "expected https://HOST/PATH", id="no slashes"),
        pytest.param("http://a.example/", "expected https://, got http://", id="no TLS"),
        pytest.param("ftp://a.example/", "expected https://HOST/PATH", id="FTP"),
        pytest.param("file:///etc/passwd", "expected https://HOST/PATH", id="a file"),
        pytest.param("gopher://a.example/", "expected https://HOST/PATH", id="gopher"),
        pytest.param("javascript:alert(1)", "expected https://HOST/PATH", id="a script"),
        pytest.param("https://u:secret@a.example/", "no user and password", id="a password"),
        pytest.param("https://u@a.example/", "no user and password", id="a user"),
        pytest.param("https://@a.example/", "no user and password", id="an empty user"),
        pytest.param("https://a.example\\@10.0.0.1/", "backslashes", id="a backslash"),
        pytest.param("https://a.example/#x", "fragment", id="a fragment"),
        pytest.param("https://a.example/#", "fragment", id="an empty fragment"),
        pytest.param("https://a.example/a b", "no spaces", id="a space"),
        pytest.param(" https://a.example/", "no spaces", id="a space before"),
        pytest.param("https://a.exa\tmple/", "control characters", id="a tab that parsers drop"),
        pytest.param("https://a.example/\r\nx: y", "control characters", id="a line end"),
        pytest.param("https://a.example/\x00", "control characters", id="a NUL"),
        pytest.param("https://a.example/é", "percent-encoded", id="letters in the path"),
        pytest.param("https://a.example/?é", "percent-encoded", id="letters in the query"),
        pytest.param("https://a.example:/", "expected a port", id="an empty port"),
        pytest.param("https://a.example:0/", "expected a port", id="port 0"),
        pytest.param("https://a.example:99999/", "got no address", id="no such port"),
        pytest.param("https://a.example:x/", "got no address", id="a port of letters"),
        pytest.param("https://a.example:22/", "expected port 443 or 8443", id="another port"),
        pytest.param("https://a.example:80/", "expected port 443 or 8443", id="the port of HTTP"),
        pytest.param("https://a.example:3000/", "HUB_WEBHOOK_PORTS", id="a port that may be set"),
        pytest.param("https://localhost/", "public host", id="localhost"),
        pytest.param("https://LOCALHOST/", "public host", id="localhost in capitals"),
        pytest.param("https://a.localhost/", "public host", id="below localhost"),
        pytest.param("https://localhost./", "the name of a host", id="localhost with a dot"),
        pytest.param("https://a.example./", "the name of a host", id="a dot at the end"),
        pytest.param("https://printer.local/", "public host", id="a name of the link"),
        pytest.param("https://a.internal/", "public host", id="an inner name"),
        pytest.param("https://metadata.google.internal/", "public host", id="metadata"),
        pytest.param("https://intranet/", "public host", id="without a dot"),
        pytest.param("https://a..example/", "the name of a host", id="an empty label"),
        pytest.param("https://-a.example/", "the name of a host", id="a hyphen before"),
        pytest.param(f"https://{'a' * 64}.example/", "the name of a host", id="a long label"),
        pytest.param(f"https://{'a.' * 126}example/", "the name of a host", id="a long name"),
        pytest.param(f"https://{'é' * 300}.example/", "at most 253", id="a long name of letters"),
        pytest.param(f"https://a.example/{'a' * 2048}", "at most 2048", id="a long one"),
        pytest.param("https://a%2eexample/", "the name of a host", id="a percent sign"),
        pytest.param("https://2130706433/", "like 192.0.2.7", id="127.0.0.1 as one number"),
        pytest.param("https://127.1/", "like 192.0.2.7", id="127.0.0.1, short"),
        pytest.param("https://0x7f.1/", "like 192.0.2.7", id="127.0.0.1 in hexadecimal digits"),
        pytest.param("https://0x7f000001/", "like 192.0.2.7", id="the same as one number"),
        pytest.param("https://0177.0.0.1/", "like 192.0.2.7", id="127.0.0.1 in octal digits"),
        pytest.param("https://127.0.0.01/", "like 192.0.2.7", id="a zero before"),
        pytest.param("https://1.2.3.4.5/", "like 192.0.2.7", id="five numbers"),
        pytest.param("https://256.1.1.1/", "like 192.0.2.7", id="a number too large"),
        pytest.param("https://a.example.0x/", "like 192.0.2.7", id="a number at the end"),
        pytest.param("https://\uff11\uff12\uff17.0.0.1/", "do not go to this", id="wide digits"),
        pytest.param("https://127。0。0。1/", "do not go to this", id="dots of another script"),
        pytest.param("https://①27.0.0.1/", "do not go to this", id="a digit in a circle"),
        pytest.param("https://ⓛⓞcalhost/", "public host", id="localhost in circles"),
        pytest.param("https://127.0.0.1/", "do not go to this", id="loopback"),
        pytest.param("https://10.0.0.1/", "do not go to this", id="a private address"),
        pytest.param("https://169.254.169.254/", "do not go to this", id="metadata's address"),
        pytest.param("https://[::1]/", "do not go to this", id="loopback of IPv6"),
        pytest.param("https://[::ffff:127.0.0.1]/", "do not go to this", id="loopback, wrapped"),
        pytest.param("https://[64:ff9b::7f00:1]/", "do not go to this", id="loopback by NAT64"),
        pytest.param("https://[fe80::1%25eth0]/", "in brackets", id="a scope"),
        pytest.param("https://[fe80::1%eth0]/", "in brackets", id="a bare scope"),
        pytest.param("https://[::1/", "got no address", id="half a bracket"),
        pytest.param(f"https://{'ü' * 20}.example/{'p' * 2010}", "characters in ASCII", id="long"),
        pytest.param("https://[a.example]/", "got no address", id="a name in brackets"),
        pytest.param("https://[v1.x]/", "in brackets", id="an address of the future"),
        pytest.param("http://localhost:8000/webhook/c-1", "public host", id="no hub is known"),
    ],
)  # fmt: skip
def test_what_is_no_url_for_webhooks_is_refused(url: str, text: str) -> None:
    """With what was expected; a password that came is not said back."""
    with pytest.raises(WebhookUrlRefused) as refused:
        read_url(url, NOWHERE)

    assert text in str(refused.value)
    assert "secret" not in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:3000/hook",
        "http://127.0.0.1:3000/hook",
        "http://[::1]:3000/hook",
        "https://localhost:1/hook",
        "http://receiver:8080/hook",
        "http://a.internal/hook",
        "http://a.example:5000/hook",
    ],
)
def test_opened_networks_take_any_port_and_name_without_tls(url: str) -> None:
    """`WEBHOOK_ALLOW_NETWORKS=127.0.0.0/8,::1/128` is all that trials on one machine need."""
    target = read_url(url, LOOPBACK)

    assert target.url == url
    assert not target.public


def test_what_is_meant_for_opened_networks_does_not_go_to_public_addresses() -> None:
    """A name that was taken since it may lead inside is judged by where it leads in the end."""
    inner, public = read_address("127.0.0.1"), read_address("8.8.8.8")
    assert inner is not None
    assert public is not None

    plain = read_url("http://a.example:5000/", LOOPBACK)
    secure = read_url("https://a.example/", LOOPBACK)

    assert (allowed(inner, plain, LOOPBACK), allowed(public, plain, LOOPBACK)) == (True, False)
    assert (allowed(inner, secure, LOOPBACK), allowed(public, secure, LOOPBACK)) == (True, True)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        pytest.param("http://a.example/", True, id="public"),
        pytest.param("http://a.example:8080/", True, id="the other port"),
        pytest.param("http://a.example:443/", False, id="the port of TLS"),
        pytest.param("http://127.0.0.1/", False, id="loopback"),
        pytest.param("http://localhost/", False, id="localhost"),
    ],
)
def test_http_is_opened_for_public_hosts_alone(url: str, *, is_taken: bool) -> None:
    """HUB_WEBHOOK_ALLOW_HTTP opens no network."""
    if is_taken:
        assert read_url(url, HTTP).public
    else:
        with pytest.raises(WebhookUrlRefused):
            read_url(url, HTTP)


def test_more_ports_are_opened_by_their_number() -> None:
    """HUB_WEBHOOK_PORTS holds for public hosts."""
    assert read_url("https://a.example:9443/", Reach(ports=frozenset({9443}))).port == 9443


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        pytest.param("http://localhost:8000/webhook/c-1", True, id="by name"),
        pytest.param("http://127.0.0.1:8000/webhook/c-1", True, id="by address"),
        pytest.param("http://127.0.0.1:8001/webhook/c-1", False, id="another port"),
        pytest.param("http://127.0.0.2:8000/webhook/c-1", False, id="another address"),
        pytest.param("http://127.0.0.1:8000/api/jobs", False, id="another path"),
        pytest.param("http://127.0.0.1:8000/webhook/", False, id="no client"),
        pytest.param("http://127.0.0.1:8000/webhook/..", False, id="up"),
        pytest.param("http://127.0.0.1:8000/webhook/.", False, id="here"),
        pytest.param("http://127.0.0.1:8000/webhook/%2e%2e", False, id="up, encoded"),
        pytest.param("http://127.0.0.1:8000/webhook/../api/jobs", False, id="up and elsewhere"),
        pytest.param("http://127.0.0.1:8000/webhook/a/b", False, id="two segments"),
        pytest.param("http://127.0.0.1:8000/webhook/a?b", False, id="a query"),
        pytest.param("http://10.0.0.1:8000/webhook/c-1", False, id="another machine"),
    ],
)
def test_the_hub_may_be_called_at_its_receiver_alone(url: str, *, is_taken: bool) -> None:
    """`/webhook/{client_id}` on its own address needs no opened network; nothing else passes."""
    if is_taken:
        assert read_url(url, OWN).receiver
    else:
        with pytest.raises(WebhookUrlRefused):
            read_url(url, OWN)


@given(
    st.text(max_size=60), st.sampled_from(["", "https://", "https://a.example", "http://[", "x:"])
)
def test_any_text_is_judged(text: str, before: str) -> None:
    """A target that keeps its form, or our own refusal; what is taken is public or a name."""
    try:
        target = read_url(before + text, NOWHERE)
    except WebhookUrlRefused:
        return

    literal = read_address(target.host)
    assert literal is None or kind(literal) == "public"
    assert target.url.isascii()
    assert read_url(target.url, NOWHERE) == target
