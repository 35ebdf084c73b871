"""The request of a delivery: its body, its headers and their signature, made anew each time."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from hub import __version__
from hub.clock import SECOND_US
from hub.errors import FieldError, HubError, InvalidFields
from hub.stores.webhooks import Leased
from hub.webhooks.encryption import JSON_TYPE, Encrypted, encrypt
from hub.webhooks.envelope import HEADERS, CannotOpen, key_field
from hub.webhooks.sender import Request, Unsendable
from hub.webhooks.signing import live, sign

MAX_HEADERS = 20
MAX_BYTES = 8 * 1024
AGENT = f"Hub-Webhooks/{__version__}"
# What is sealed, the endpoint's id, the field: as `envelope.Ring.open`.
OpenSecret = Callable[[bytes, str, str], bytes]
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Printable ASCII with spaces and tabs inside (RFC 9110, 5.5), and no other letters: servers differ.
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
# Of the connection, of the message's length, of the hub: a second one would be smuggled past it.
_OURS = frozenset({
    "host", "content-length", "content-type", "content-encoding", "transfer-encoding",
    "accept-encoding", "connection", "keep-alive", "proxy-connection", "proxy-authorization",
    "proxy-authenticate", "te", "trailer", "upgrade", "expect", "user-agent", "traceparent",
    "http2-settings", "content-range", "date", "via", "forwarded", "max-forwards", "range",
    # Taken by proxies and frameworks for another method, another path, another sender.
    "x-http-method", "x-http-method-override", "x-method-override", "x-original-url",
    "x-rewrite-url", "x-real-ip",
})  # fmt: skip
_PREFIXES = ("webhook-", "hub-", "x-forwarded-", "sec-", ":")


def build(leased: Leased, at_s: int, open_secret: OpenSecret) -> Request:
    """Return what is sent for a delivery at a second.

    Raises:
        Unsendable: It cannot be encrypted or signed; the text says why, without a secret.
    """
    endpoint, event = leased.endpoint, leased.body
    try:
        sent = Encrypted(event.text, JSON_TYPE)
        if endpoint.encryption is not None:
            sent = encrypt(event.text, endpoint.encryption)
        keys = [
            open_secret(key.secret, endpoint.id, key_field(key.id)).decode()
            for key in live(endpoint.keys, at_s * SECOND_US)
        ]
        headers = [
            ("content-type", sent.content_type),
            ("user-agent", AGENT),
            *sign(keys, event.event_id, at_s, sent.body),
        ]
        if endpoint.headers:
            headers += _own(open_secret(endpoint.headers, endpoint.id, HEADERS))
    except (HubError, CannotOpen, ValueError) as error:
        raise Unsendable(str(error)) from error
    if event.trace:
        headers.append(("traceparent", event.trace))
    return Request(endpoint.url, headers, sent.body)


def check_headers(headers: Mapping[str, str]) -> bytes:
    """Return an endpoint's own headers as they are sealed.

    Raises:
        InvalidFields: One may not be sent, or they are too many; a value is not said back.
    """
    if len(headers) > MAX_HEADERS:
        raise _invalid("$.headers", f"at most {MAX_HEADERS} headers", str(len(headers)))
    faults = [fault for name, value in headers.items() for fault in _faults(name, value)]
    if faults:
        raise InvalidFields(faults)
    size = sum(len(name) + len(value) for name, value in headers.items())
    if size > MAX_BYTES:
        raise _invalid("$.headers", f"at most {MAX_BYTES} bytes of headers", str(size))
    if len({_plain(name) for name in headers}) < len(headers):
        raise _invalid("$.headers", "each header once, in capitals or not", "one of them twice")
    return msgspec.json.encode([(name.lower(), value) for name, value in headers.items()])


def header_names(plain: bytes) -> list[str]:
    """Return the names of an endpoint's own headers: their values are shown to nobody."""
    return [name for name, _ in _own(plain)]


def _faults(name: str, value: str) -> Iterable[FieldError]:
    field = f"$.headers.{name[:80]!r}"
    if not _NAME.fullmatch(name):
        yield FieldError("$.headers", "names of headers (RFC 9110, 5.1)", repr(name[:80]))
    elif _plain(name) in _OURS or _plain(name).startswith(_PREFIXES):
        yield FieldError(field, "another header: this one is the hub's", repr(name[:80]))
    if not _VALUE.fullmatch(value):
        yield FieldError(field, "printable ASCII in one line", "other characters")


def _plain(name: str) -> str:
    """Return a name as receivers may read it: by CGI and WSGI, X_A and x-a are one header."""
    return name.lower().replace("_", "-")


def _invalid(field: str, expected: str, got: str) -> InvalidFields:
    return InvalidFields([FieldError(field, expected, got)])


@lru_cache(maxsize=256)
def _own(plain: bytes) -> tuple[tuple[str, str], ...]:
    return msgspec.json.decode(plain, type=tuple[tuple[str, str], ...])
