"""The request of a delivery: signed, encrypted where asked, with the endpoint's own headers."""

import base64
import hmac
from typing import Any

import msgspec
import pytest
from joserfc.jwk import OKPKey

from hub import __version__
from hub.errors import InvalidFields
from hub.model.delivery import Body, Delivery
from hub.model.endpoint import Encryption, Endpoint, SigningKey
from hub.model.principal import Principal
from hub.stores.webhooks import Leased
from hub.webhooks.encryption import check
from hub.webhooks.envelope import HEADERS, key_field, new_line, read_ring
from hub.webhooks.request import build, check_headers, header_names
from hub.webhooks.sender import Unsendable
from hub.webhooks.signing import new_key
from hub_client import decrypt_webhook, verify_webhook

RING = read_ring(new_line())
AT_S = 1_795_271_400
TEXT = (
    b'{"id":"evt","type":"job_done","channel":"jobs","offset":7,"epoch":"e",'
    b'"timestamp":"2026-11-21T14:30:00.000000Z","data":{"a":1}}'
)
NEW, OLD, PRIVATE = new_key("v1"), new_key("v1"), new_key("v1a")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def leased(trace: str = "", **changes: Any) -> Leased:
    """Return a delivery of an event to an endpoint."""
    endpoint = Endpoint(
        id="ep_1", reader=Principal("ops", (), frozenset()), url="https://a.example/hook",
        event_types=("*",), created_at_us=1, updated_at_us=1, keys=(key(NEW),),
    )  # fmt: skip
    return Leased(
        Delivery("dl_1", 1, "ep_1", "evt", None, "sending", 1, 1),
        msgspec.structs.replace(endpoint, **changes),
        Body("evt", "jobs", 7, "job_done", "j-1", 1, "ops", TEXT, trace),
    )


def key(made: Any, until_us: int | None = None) -> SigningKey:
    """Return a key as it stands in the database."""
    secret = RING.seal(made.secret.encode(), "ep_1", key_field(made.id))
    return SigningKey(made.id, made.kind, secret, 1, made.public, until_us)


def test_an_event_goes_as_sockets_get_it() -> None:
    """The same bytes, and what Standard Webhooks asks for."""
    request = build(leased(), AT_S, RING.open)

    secret = base64.b64decode(NEW.secret.removeprefix("whsec_"))
    signed = hmac.digest(secret, b"evt.%d." % AT_S + TEXT, "sha256")
    assert (request.url, request.body) == ("https://a.example/hook", TEXT)
    assert list(request.headers) == [
        ("content-type", "application/json"),
        ("user-agent", f"Hub-Webhooks/{__version__}"),
        ("webhook-id", "evt"),
        ("webhook-timestamp", str(AT_S)),
        ("webhook-signature", f"v1,{base64.b64encode(signed).decode()}"),
    ]


def test_all_live_keys_sign_and_no_other() -> None:
    """A receiver with any of them takes it, one with a key that has ended does not."""
    keys = (key(NEW), key(PRIVATE), key(OLD, until_us=AT_S * 1_000_000))

    request = build(leased(keys=keys), AT_S, RING.open)

    headers = dict(request.headers)
    assert headers["webhook-signature"].count(",") == 2
    for secret in (NEW.shown, PRIVATE.shown):
        verify_webhook(request.body, headers, secret, now=AT_S)
    with pytest.raises(Exception, match=r".") as refused:
        verify_webhook(request.body, headers, OLD.shown, now=AT_S)
    assert type(refused.value).__name__ == "WebhookVerificationFailed"


def test_what_is_signed_is_what_is_sent() -> None:
    """The encrypted body: a receiver verifies first and decrypts then."""
    jwk = OKPKey.generate_key("X25519")
    encryption = check(jwk.as_dict(private=False))

    request = build(leased(encryption=encryption), AT_S, RING.open)

    headers = dict(request.headers)
    assert headers["content-type"] == "application/jose"
    secret = base64.b64decode(NEW.secret.removeprefix("whsec_"))
    signed = hmac.digest(secret, b"evt.%d.%b" % (AT_S, request.body), "sha256")
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
    assert decrypt_webhook(request.body, jwk.as_dict(private=True)).data == {"a": 1}


def test_the_endpoints_own_headers_and_the_trace_go_with_it() -> None:
    """The headers in small letters; a trace where the event has one."""
    own = RING.seal(check_headers({"Authorization": "Bearer x", "X-Empty": ""}), "ep_1", HEADERS)

    request = build(leased(TRACE, headers=own), AT_S, RING.open)

    assert list(request.headers)[5:] == [
        ("authorization", "Bearer x"),
        ("x-empty", ""),
        ("traceparent", TRACE),
    ]
    assert header_names(RING.open(own, "ep_1", HEADERS)) == ["authorization", "x-empty"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({"keys": ()}, "at least one live key", id="no key"),
        pytest.param({"keys": (key(NEW, until_us=1),)}, "at least one live key", id="all ended"),
        pytest.param(
            {"keys": (msgspec.structs.replace(key(NEW), id="other"),)}, "moved", id="a moved secret"
        ),
        pytest.param({"keys": (SigningKey("a", "v1", b"", 1),)}, "no envelope", id="no secret"),
        pytest.param({"headers": b"\x01\x01a" + bytes(40)}, "does not have", id="another ring"),
        pytest.param({"encryption": Encryption("{}")}, "kty RSA", id="no key to encrypt by"),
    ],
)
def test_what_cannot_be_made_says_why(changes: dict[str, Any], text: str) -> None:
    """Nothing goes out unsigned or unencrypted instead."""
    with pytest.raises(Unsendable, match=text):
        build(leased(**changes), AT_S, RING.open)


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        pytest.param({"Host": "x"}, "this one is the hub's", id="host"),
        pytest.param({"content-length": "1"}, "this one is the hub's", id="a length"),
        pytest.param({"Transfer-Encoding": "chunked"}, "this one is the hub's", id="chunks"),
        pytest.param({"Connection": "close"}, "this one is the hub's", id="the connection"),
        pytest.param({"Webhook-Id": "x"}, "this one is the hub's", id="the signature's"),
        pytest.param({"Hub-Hop": "0"}, "this one is the hub's", id="the hop"),
        pytest.param({"X-Forwarded-For": "::1"}, "this one is the hub's", id="a proxy's"),
        pytest.param({"Content-Type": "text/plain"}, "this one is the hub's", id="the type"),
        pytest.param({"Webhook_Id": "x"}, "this one is the hub's", id="the signature's, to CGI"),
        pytest.param({"X_Forwarded_For": "x"}, "this one is the hub's", id="a proxy's, to CGI"),
        pytest.param({"X-Real-IP": "::1"}, "this one is the hub's", id="another proxy's"),
        pytest.param({"X-HTTP-Method-Override": "DELETE"}, "is the hub's", id="another method"),
        pytest.param({"X-Original-URL": "/admin"}, "this one is the hub's", id="another path"),
        pytest.param({"Expect": "100-continue"}, "this one is the hub's", id="an expectation"),
        pytest.param({"": "x"}, "names of headers", id="no name"),
        pytest.param({"x y": "x"}, "names of headers", id="a name with a space"),
        pytest.param({"x:y": "x"}, "names of headers", id="a name with a colon"),
        pytest.param({"x\r\ny": "x"}, "names of headers", id="a name with a line end"),
        pytest.param({"é": "x"}, "names of headers", id="a name beyond ASCII"),
        pytest.param({"x": "a\r\nb: c"}, "in one line", id="two lines"),
        pytest.param({"x": "a\nb"}, "in one line", id="two lines of another kind"),
        pytest.param({"x": "a\x00"}, "in one line", id="a NUL"),
        pytest.param({"x": "é"}, "printable ASCII", id="a value beyond ASCII"),
        pytest.param({"x": " a"}, "in one line", id="a space before"),
        pytest.param({"x": "a" * 9000}, "at most 8192 bytes", id="large ones"),
        pytest.param({f"x{n}": "" for n in range(21)}, "at most 20 headers", id="many"),
        pytest.param({"x-a": "1", "X-A": "2"}, "each header once", id="one twice"),
        pytest.param({"x-a": "1", "x_a": "2"}, "each header once", id="one twice, to CGI"),
    ],
)
def test_a_header_that_may_not_be_sent_is_refused(headers: dict[str, str], line: str) -> None:
    """With its field and what was expected; a value, which may be a password, is not said back."""
    with pytest.raises(InvalidFields) as refused:
        check_headers(headers)

    assert line in str(refused.value)
    assert "chunked" not in str(refused.value)


def test_no_header_is_fine() -> None:
    """Most endpoints have none."""
    assert header_names(check_headers({})) == []
