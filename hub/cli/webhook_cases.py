"""The requests of `hub webhooks doctor`: each with what a good receiver does, and why."""

import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from hub import __version__
from hub.cli.webhook_probe import Headers
from hub.model.event import new_event_id
from hub.webhooks.signing import SHARED, SIGNATURE, new_key, sign

HOUR_S = 3600
BIG = 128 * 1024

# taken: it must be; refused: it must not be; calm: anything but a crash.
Right = Literal["taken", "refused", "calm"]


class Sent(NamedTuple):
    """A request."""

    headers: Headers
    body: bytes
    method: str = "POST"


class Case(NamedTuple):
    """One question.

    Attributes:
        right: What a good receiver does.
        wrong: What it means if it does not.
        remedy: What to do then.
        grave: Otherwise it is a warning.
    """

    name: str
    right: Right
    send: "Callable[[Letters], Sent]"
    wrong: str
    remedy: str
    grave: bool = True


class Letters:
    """Writes events and signs them.

    Args:
        secret: That the receiver knows.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.other = new_key("v1" if secret.startswith(SHARED) else "v1a").secret
        self.event_id = new_event_id(time.time_ns() // 1000)

    def event(self, type_: str = "contract_update", **more: object) -> dict[str, Any]:
        """Return an event under a new id, marked as test."""
        at_us = time.time_ns() // 1000
        self.event_id = new_event_id(at_us)
        data = {"contract_id": "doctor", "location": "Mumbai", "status": "active", **more}
        return {
            "type": type_,
            "channel": "contracts",
            "id": self.event_id,
            "timestamp": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.000000Z",
            "test": True,
            "data": data,
        }

    def body(self, type_: str = "contract_update", **more: object) -> bytes:
        """Return an event as the hub writes it."""
        return msgspec.json.encode(self.event(type_, **more))

    def signed(self, body: bytes, *, secret: str = "", ago_s: int = 0) -> list[tuple[str, str]]:
        """Return the headers for a body, of the newest event."""
        at = int(time.time()) - ago_s
        return _with_type(sign([secret or self.secret], self.event_id, at, body))

    def good(self) -> Sent:
        """Return a request like the hub's."""
        body = self.body()
        return Sent(self.signed(body), body)


def _with_type(headers: Headers) -> list[tuple[str, str]]:
    return [
        ("content-type", "application/json"),
        ("user-agent", f"Hub-Webhooks/{__version__}"),
        *headers,
    ]


def _by_another(letters: Letters) -> Sent:
    body = letters.body()
    return Sent(letters.signed(body, secret=letters.other), body)


def _unsigned(letters: Letters) -> Sent:
    return Sent(_with_type([]), letters.body())


def _changed(letters: Letters) -> Sent:
    headers = letters.signed(letters.body())
    return Sent(headers, letters.body(location="Chennai"))


def _aged(ago_s: int) -> Callable[[Letters], Sent]:
    def send(letters: Letters) -> Sent:
        body = letters.body()
        return Sent(letters.signed(body, ago_s=ago_s), body)

    return send


def _garbled(letters: Letters) -> Sent:
    headers = [("webhook-id", letters.event_id), ("webhook-timestamp", "soon")]
    return Sent(_with_type([*headers, ("webhook-signature", "v1 v1,% ,")]), b"\xff\xfe{")


def _rewritten(letters: Letters) -> Sent:
    """Return an event that says the same in other bytes: only who keeps them can verify."""
    text = msgspec.json.format(msgspec.json.encode(letters.event(city="Zürich 🙂")), indent=3)
    body = text.replace("ü".encode(), b"\\u00fc").replace(b"/", b"\\/") + b" \r\n"
    return Sent(letters.signed(body), body)


def _titled(letters: Letters) -> Sent:
    sent = letters.good()
    return sent._replace(headers=[(name.title(), value) for name, value in sent.headers])


def _among_others(letters: Letters) -> Sent:
    body = letters.body()
    wrong = dict(letters.signed(body, secret=letters.other))[SIGNATURE]
    headers = [
        (name, f"v9,x {wrong} {value}" if name == SIGNATURE else value)
        for name, value in letters.signed(body)
    ]
    return Sent(headers, body)


def _unknown(letters: Letters) -> Sent:
    body = letters.body("doctor_unknown_type")
    return Sent(letters.signed(body), body)


def _big(letters: Letters) -> Sent:
    body = letters.body(text="a" * BIG)
    return Sent(letters.signed(body), body)


_VERIFY = "verify each request with verify_webhook, and answer 401 where it raises"
_TIME = "compare webhook-timestamp with the clock, 300 s each way, as verify_webhook does"
_RAW = "give verify_webhook the bytes as they came, before anything parses them"

CASES = (
    Case("other secret", "refused", _by_another, "it takes what a stranger signed", _VERIFY),
    Case("no signature", "refused", _unsigned, "it takes what nobody signed", _VERIFY),
    Case("changed body", "refused", _changed, "it takes a body that was changed", _VERIFY),
    Case("an hour old", "refused", _aged(HOUR_S), "it takes what was recorded an hour ago", _TIME),
    Case("an hour ahead", "refused", _aged(-HOUR_S), "it takes what is signed for later", _TIME),
    Case("nonsense", "calm", _garbled, "it crashes at nonsense in the headers",
         "catch what the verifier raises: anybody can send this", grave=False),
    Case("other bytes", "taken", _rewritten, "it does not verify the bytes that came", _RAW),
    Case("header case", "taken", _titled, "it wants header names in one case",
         "look headers up in any case: proxies change it"),
    Case("rotation", "taken", _among_others, "it reads only the first signature",
         "try every signature in webhook-signature: while a secret is rotated there are several"),
    Case("unknown type", "taken", _unknown, "it refuses a type that it does not know",
         "answer 2xx and pass over it, or choose types with --events: refused, it comes for days",
         grave=False),
    Case("big body", "taken", _big, "it refuses an event of 128 KiB",
         "raise the limit for bodies at this address, in its proxy too", grave=False),
    Case("GET", "calm", lambda _: Sent([], b"", "GET"), "it breaks at GET",
         "answer 405 to what is no POST: monitors and browsers ask", grave=False),
    Case("HEAD", "calm", lambda _: Sent([], b"", "HEAD"), "it breaks at HEAD",
         "answer 405 to what is no POST: monitors and browsers ask", grave=False),
)  # fmt: skip
