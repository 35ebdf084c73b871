"""The target: a URL that events may be sent to, taken apart and judged without looking it up.

It is judged when an endpoint is made or changed, and anew with each connection, together with
what its name leads to then (see `dialing`).
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import urlsplit

import idna

from hub.errors import WebhookUrlRefused
from hub.webhooks.addresses import Address, Reach, is_open, kind, read_address, unwrapped

MAX_URL = 2048
MAX_HOST = 253
PORTS = {"https": frozenset({443, 8443}), "http": frozenset({80, 8080})}
_STANDARD = {"https": 443, "http": 80}
# One segment of plain letters: no server makes another path out of it.
_RECEIVER = re.compile(r"/webhook/(?!\.{1,2}$)[A-Za-z0-9._~-]{1,200}")
_URL = re.compile(r"[^\x00-\x20\x7f\\#]+")
# In brackets, or without any: a reader that takes a part of it for the host must not differ.
_PLACE = re.compile(r"(?:[^\[\]]+|\[[^\[\]]+\](?::[0-9]*)?)")
_LABELS = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?))*"
)
# A host whose last label is a number is an address to browsers and libc: 127.1, 0x7f.1, 2130706433.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_INNER = (".localhost", ".local", ".internal", ".home.arpa")
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
BLOCKED = "webhooks do not go to this address"


class Target(NamedTuple):
    """A URL, taken apart.

    Attributes:
        host: A name in ASCII, or an address without brackets.
        path: With the query.
        public: Whether its addresses may be public; else all of them must have been opened.
        receiver: Whether the path is the hub's own receiver's, where the hub may call itself.
    """

    scheme: str
    host: str
    port: int
    path: str
    public: bool
    receiver: bool

    @property
    def place(self) -> str:
        """Host and port as they stand in a URL and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _STANDARD[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL as it is kept."""
        return f"{self.scheme}://{self.place}{self.path}"


def read_url(url: str, reach: Reach) -> Target:
    """Take a URL apart and judge it.

    Raises:
        WebhookUrlRefused: It is none, or leads where webhooks do not go.
    """
    target = parse(url, reach)
    if len(target.url) > MAX_URL:
        # Letters of a name are more of them in ASCII; it is read again with each connection.
        raise WebhookUrlRefused(f"url: expected at most {MAX_URL} characters in ASCII, got more")
    literal = read_address(target.host)
    if literal is not None and not allowed(literal, target, reach):
        raise WebhookUrlRefused(_closed(target, literal))
    if literal is None and not (target.public or reach.opened or _names_the_hub(target, reach)):
        raise WebhookUrlRefused(_closed(target, None))
    return target


def allowed(address: Address, target: Target, reach: Reach) -> bool:
    """Say whether an address may be dialled for a target."""
    plain = unwrapped(address)
    if target.receiver and reach.own is not None and reach.own.has(plain, target.port):
        return True
    if kind(plain) == "public":
        return target.public
    return is_open(address, reach.opened)


def _names_the_hub(target: Target, reach: Reach) -> bool:
    if not target.receiver or target.host != "localhost" or reach.own is None:
        return False
    return any(reach.own.has(address, target.port) for address in _LOOPBACK)


def parse(url: str, reach: Reach) -> Target:
    """Take a URL apart, without a look at where it leads.

    Raises:
        WebhookUrlRefused: It is no URL that could be called.
    """
    if len(url) > MAX_URL:
        raise WebhookUrlRefused(f"url: expected at most {MAX_URL} characters, got {len(url)}")
    if not _URL.fullmatch(url):
        raise WebhookUrlRefused(
            "url: expected no spaces, control characters, backslashes or fragment, got some"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookUrlRefused("url: expected https://HOST/PATH, got no address") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise WebhookUrlRefused(f"url: expected https://HOST/PATH, got {url[:80]!r}")
    _check_place(parts.netloc, port)
    host = _host(parts.hostname, bracketed="[" in parts.netloc)
    path = parts.path or "/"
    if not (path + parts.query).isascii():
        raise WebhookUrlRefused("url: expected path and query percent-encoded, got other letters")
    port = port or _STANDARD[parts.scheme]
    return Target(
        parts.scheme,
        host,
        port,
        f"{path}?{parts.query}" if parts.query else path,
        _may_be_public(parts.scheme, host, port, reach),
        receiver=not parts.query and _RECEIVER.fullmatch(path) is not None,
    )


def _check_place(place: str, port: int | None) -> None:
    """Refuse what is more than a host and a port.

    Raises:
        WebhookUrlRefused: It is.
    """
    if "@" in place:
        # Without it: it may be a password.
        raise WebhookUrlRefused("url: expected no user and password in it, got some")
    if not _PLACE.fullmatch(place):
        raise WebhookUrlRefused("url: expected https://HOST/PATH, got no address")
    if place.endswith(":") or port == 0:
        raise WebhookUrlRefused("url: expected a port from 1 to 65535, or none, got another one")


def _may_be_public(scheme: str, host: str, port: int, reach: Reach) -> bool:
    if scheme == "http" and not reach.http:
        return False
    if port not in PORTS[scheme] and port not in reach.ports:
        return False
    return ":" in host or ("." in host and not host.endswith(_INNER))


def _host(host: str, *, bracketed: bool) -> str:
    """Return a host as it is looked up.

    Raises:
        WebhookUrlRefused: It is neither a name nor an address in its usual form.
    """
    if bracketed:
        address = read_address(host)
        if address is None or "%" in host:
            raise WebhookUrlRefused(f"url: expected an address in brackets, got {host[:80]!r}")
        return str(address)
    name = _ascii(host).lower()
    # After IDNA: full-width digits become plain ones by it.
    if _NUMERIC.fullmatch(name):
        address = read_address(name)
        if address is None:
            raise WebhookUrlRefused(
                f"url: expected a name, or an address like 192.0.2.7, got {host[:80]!r}"
            )
        return str(address)
    if not _LABELS.fullmatch(name):
        raise WebhookUrlRefused(f"url: expected the name of a host, got {host[:80]!r}")
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    if len(host) > MAX_HOST:
        raise WebhookUrlRefused(f"url: expected a host of at most {MAX_HOST} letters, got more")
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise WebhookUrlRefused(f"url: expected the name of a host, got {host[:80]!r}") from None


def _closed(target: Target, literal: Address | None) -> str:
    """Say what would have to be different, without a word about what is there."""
    if literal is not None and kind(literal) != "public":
        return f"url: {BLOCKED}: it is not public, and WEBHOOK_ALLOW_NETWORKS does not open it"
    if literal is None and ("." not in target.host or target.host.endswith(_INNER)):
        return (
            f"url: expected the name of a public host, got {target.host[:80]!r}: others only "
            "where WEBHOOK_ALLOW_NETWORKS opens their addresses"
        )
    if target.scheme == "http":
        return "url: expected https://, got http://, which is for opened networks alone"
    ports = " or ".join(map(str, sorted(PORTS[target.scheme])))
    return f"url: expected port {ports}, or one of HUB_WEBHOOK_PORTS, got {target.port}"
