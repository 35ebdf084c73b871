"""The pages that are the same on every hub of a version, each by its address."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

import msgspec

from hub.transports.http.documents import asyncapi
from hub.transports.http.documents.closes import CLOSES
from hub.transports.http.site import finding, tables
from hub.transports.http.site.codes import Code, all_codes
from hub.transports.http.site.contents import ENTRIES, address_of
from hub.transports.http.site.layout import Place, page
from hub.transports.http.site.links import portable, served
from hub.transports.http.site.shelf import HTML, JSON, MARKDOWN, TEXT, Leaf
from hub.transports.http.site.socket_page import socket_page
from hub.transports.http.site.static import dashboard_leaves
from hub.transports.http.site.texts import docs, read_bytes, read_page

_SCRIPT = "text/javascript; charset=utf-8"
_STYLE = "text/css; charset=utf-8"
_MEDIA = {
    ".js": _SCRIPT,
    ".css": _STYLE,
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": TEXT,
}
_STATIC = (
    "docs.css",
    "docs.js",
    "icon.svg",
    "openapi.css",
    "openapi.js",
    "search.js",
    "tokens.css",
)
_ERRORS = "/docs/errors"
# What is made of the code instead of a file.
_MADE: Mapping[str, Callable[[], str]] = {
    "asyncapi": lambda: served(socket_page()),
    "errors": tables.errors_page,
    "metrics": tables.metrics_page,
    "settings": tables.settings_page,
}
# Swagger UI, in a package that brings its files (docs/decisions/0023-documentation.md).
_SWAGGER = "mkdocs_swagger_ui_tag"
_SWAGGER_FILES = {
    "/web/swagger-ui/swagger-ui-bundle.js": "javascripts/swagger-ui-bundle.js",
    "/web/swagger-ui/swagger-ui.css": "stylesheets/swagger-ui.css",
    "/web/swagger-ui/LICENSE.txt": "LICENSE",
    "/web/swagger-ui/NOTICE.txt": "NOTICE",
}
_TRYING = {
    "head": """\
<link rel="stylesheet" href="/web/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="/web/openapi.css">
<script defer src="/web/swagger-ui/swagger-ui-bundle.js"></script>
<script type="module" src="/web/openapi.js"></script>
""",
    "extra": '<div id="openapi" class="openapi"></div>',
}
_DOCUMENTS = (
    ("OpenAPI 3.1", "/openapi.json", "The HTTP side, made from the code that answers"),
    ("AsyncAPI 3.0", "/asyncapi.json", "The socket and the webhooks, made from their types"),
    ("All pages in one", "/llms-full.txt", "This documentation as one text"),
)


@cache
def leaves(version: str) -> Mapping[str, Leaf]:
    """Return them; each is made when it is first asked for."""
    texts = _texts()
    shelved = {
        **_pages(texts, version),
        "/asyncapi.json": _leaf(JSON, lambda: encoded(asyncapi.document(version=version))),
        "/docs/search.json": _leaf(
            JSON, lambda: finding.index({address: text() for address, text in texts.items()})
        ),
        "/llms.txt": _leaf(TEXT, lambda: finding.llms(_DOCUMENTS).encode()),
        "/llms-full.txt": _leaf(
            TEXT, lambda: finding.llms_full(lambda address: portable(texts[address]())).encode()
        ),
    }
    for name in _STATIC:
        shelved[f"/web/{name}"] = _leaf(_media(name), partial(read_bytes, name))
    return {**shelved, **dashboard_leaves(), **_swagger(), **_pictures()}


def encoded(document: Any) -> bytes:
    """Return a document as JSON that people can read, too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _texts() -> Mapping[str, Callable[[], str]]:
    """Return how the Markdown of each page is had, by its address."""
    texts = {entry.address: _MADE.get(entry.name, partial(_read, entry.name)) for entry in ENTRIES}
    return texts | {_error(code.code): partial(_explained, code) for code in all_codes()}


def _read(name: str) -> str:
    return served(read_page(name))


def _explained(code: Code) -> str:
    title, _, rest = code.page.partition("\n")
    return f"{title}\n\n{tables.facts(code)}\n{rest}"


def _pages(texts: Mapping[str, Callable[[], str]], version: str) -> Mapping[str, Leaf]:
    """Return each text for people, and as Markdown."""
    summaries = {entry.address: entry.summary for entry in ENTRIES}
    found: dict[str, Leaf] = {}
    for address, text in texts.items():
        entry = address if address in summaries else _ERRORS
        place = Place(address, entry, summaries.get(address, ""))
        found[address] = _leaf(HTML, partial(_page, text, place, version))
        found[f"{address}.md"] = _leaf(MARKDOWN, partial(_portable, text))
    for close in CLOSES:
        # The SDK knows a close by its word, a browser by its number: both find a page.
        explained = found.setdefault(_error(close.word), found[_ERRORS])
        found[_error(str(close.code))] = explained
    return found


def _page(text: Callable[[], str], place: Place, version: str) -> bytes:
    if place.address == address_of("openapi"):
        return page(text(), place, version=version, **_TRYING)
    return page(text(), place, version=version)


def _portable(text: Callable[[], str]) -> bytes:
    return portable(text()).encode()


def _swagger() -> Mapping[str, Leaf]:
    folder = files(_SWAGGER).joinpath("swagger-ui")
    return {
        address: _leaf(_media(address), folder.joinpath(name).read_bytes)
        for address, name in _SWAGGER_FILES.items()
    }


def _pictures() -> Mapping[str, Leaf]:
    """Return the pictures that pages show."""
    return {
        f"/docs/{file.name}": _leaf(_media(file.name), file.read_bytes)
        for file in docs().iterdir()
        if file.name.endswith((".png", ".svg"))
    }


def _media(name: str) -> str:
    return _MEDIA[name[name.rindex(".") :]]


def _error(code: str) -> str:
    return f"{_ERRORS}/{code}"


def _leaf(media: str, make: Callable[[], bytes]) -> Leaf:
    # All hubs of a process share what was made.
    return Leaf(media, cache(make))
