"""Every page of the hub by its address, made once, at the start."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec

from hub.transports.http.documents import asyncapi, openapi
from hub.transports.http.documents.closes import CLOSES
from hub.transports.http.route import Route
from hub.transports.http.site import layout, tables
from hub.transports.http.site.codes import all_codes
from hub.transports.http.site.texts import read_bytes, read_text

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_STATIC = {
    "/web/app.js": "text/javascript; charset=utf-8",
    "/web/hub.js": "text/javascript; charset=utf-8",
    "/web/identity.js": "text/javascript; charset=utf-8",
    "/web/style.css": "text/css; charset=utf-8",
    "/web/tokens.css": "text/css; charset=utf-8",
    "/web/icon.svg": "image/svg+xml",
}


class Page(NamedTuple):
    """What is served at an address; `etag` changes with the body."""

    media: bytes
    body: bytes
    etag: bytes


class Site(NamedTuple):
    """All pages.

    Attributes:
        home: `/` for people.
        information: `/` for programs.
        pages: All others, by address.
    """

    home: Page
    information: Page
    pages: Mapping[str, Page]


def build(routes: Sequence[Route], *, version: str, locations: Collection[str]) -> Site:
    """Make the site of a hub.

    Args:
        routes: The table that the hub answers by.
        version: Of the hub.
        locations: The cities that contracts may have on this hub.
    """
    described = openapi.document(routes, version=version, locations=locations)
    pages = {
        **_texts(version),
        "/openapi.json": _page(_JSON, _encode(described)),
    }
    home = _page(_HTML, read_bytes("index.html"))
    return Site(home, _page(_JSON, _encode(_information(version))), pages)


def _information(version: str) -> dict[str, Any]:
    return {
        "name": "hub",
        "version": version,
        "description": "A WebSocket-first realtime event hub: durable, ordered, replayable.",
        "docs": "/docs",
        "openapi": "/openapi.json",
        "asyncapi": "/asyncapi.json",
        "errors": "/docs/errors",
        "websocket": "/ws",
        "events": "/api/events",
        "health": "/health",
        "ready": "/ready",
        "metrics": "/metrics",
    }


@cache
def _texts(version: str) -> Mapping[str, Page]:
    """Return the pages that are the same on every hub of a version."""

    def text(markdown: str, section: str) -> Page:
        return _page(_HTML, layout.page(markdown, version=version, section=section))

    pages = {
        "/docs": text(read_text("start.md"), "/docs"),
        "/docs/protocol": text(read_text("protocol.md"), "/docs/protocol"),
        "/docs/settings": text(tables.settings_page(), "/docs/settings"),
        "/docs/metrics": text(tables.metrics_page(), "/docs/metrics"),
        "/docs/errors": text(tables.errors_page(), "/docs/errors"),
        "/asyncapi.json": _page(_JSON, _encode(asyncapi.document(version=version))),
    }
    for code in all_codes():
        title, _, rest = code.page.partition("\n")
        whole = f"{title}\n\n{tables.facts(code)}\n{rest}"
        pages[_address(code.code)] = text(whole, "/docs/errors")
    for close in CLOSES:
        # The SDK knows a close by its word, a browser by its number: both find a page.
        explained = pages.setdefault(_address(close.word), pages["/docs/errors"])
        pages[_address(str(close.code))] = explained
    for path, media in _STATIC.items():
        pages[path] = _page(media, read_bytes(path.removeprefix("/web/")))
    return pages


def _address(code: str) -> str:
    return f"/docs/errors/{code}"


def _encode(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def _page(media: str, body: bytes) -> Page:
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    return Page(media.encode(), body, etag.encode())
