"""Every page of the hub by its address."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from hub.transports.http.documents import openapi
from hub.transports.http.route import Route
from hub.transports.http.site.library import encoded, leaves
from hub.transports.http.site.shelf import HTML, JSON, Leaf, Page, Shelf, page
from hub.transports.http.site.texts import read_bytes


class Site(NamedTuple):
    """All pages.

    Attributes:
        home: `/` for people.
        information: `/` for programs.
        pages: All others, by address.
    """

    home: Page
    information: Page
    pages: Shelf


def build(routes: Sequence[Route], *, version: str, locations: Collection[str]) -> Site:
    """Make the site of a hub.

    Args:
        routes: The table that the hub answers by.
        version: Of the hub.
        locations: The cities that contracts may have on this hub.
    """

    def described() -> bytes:
        return encoded(openapi.document(routes, version=version, locations=locations))

    pages = {**leaves(version), "/openapi.json": Leaf(JSON, described)}
    home = page(HTML, read_bytes("dashboard/index.html"))
    return Site(home, page(JSON, encoded(_information(version))), Shelf(pages))


def _information(version: str) -> dict[str, Any]:
    return {
        "name": "hub",
        "version": version,
        "description": "A WebSocket-first realtime event hub: durable, ordered, replayable.",
        "docs": "/docs",
        "openapi": "/openapi.json",
        "asyncapi": "/asyncapi.json",
        "errors": "/docs/errors",
        "llms": "/llms.txt",
        "websocket": "/ws",
        "events": "/api/events",
        "health": "/health",
        "ready": "/ready",
        "metrics": "/metrics",
    }
