"""What people and tools read of the hub: the dashboard, the documents, the pages on errors."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from hub.errors import MethodNotAllowed, NotFound
from hub.transports.http.site.build import Site
from hub.transports.http.site.shelf import Page

# A page runs its own script on its own socket and nothing else (CWE-79, CWE-1021).
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # Kept, but asked about: a new version of the hub shows at the next look.
    (b"cache-control", b"no-cache"),
)
_VARIES = (b"vary", b"Accept")
_METHODS = ("GET", "HEAD")
# What a person reads at an address where nothing is.
LOST = "/docs/errors/not_found"


class Pages:
    """Answers addresses that are not in the route table.

    Args:
        site: Every page; made once, never changed.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send a page.

        Raises:
            NotFound: Nothing is at this address, and a program asks.
            MethodNotAllowed: Something is, but it can only be read.
        """
        headers = Headers(scope=scope)
        page, status = await self._choose(scope, headers.get("accept", ""))
        if scope["method"] not in _METHODS:
            raise MethodNotAllowed(
                f"expected GET on this address, got {scope['method']}", allowed=_METHODS
            )
        is_found = status == HTTPStatus.OK
        extra = (_VARIES,) if scope["path"] == "/" or not is_found else ()
        if is_found and page.etag.decode() in headers.get("if-none-match", ""):
            await _send(send, 304, [(b"etag", page.etag), *_HEADERS, *extra], b"")
            return
        described = [
            (b"content-type", page.media),
            (b"content-length", b"%d" % len(page.body)),
            (b"etag", page.etag),
        ]
        body = b"" if scope["method"] == "HEAD" else page.body
        await _send(send, status, [*described, *_HEADERS, *extra], body)

    async def _choose(self, scope: Scope, accept: str) -> tuple[Page, int]:
        found = await self._find(scope["path"], accept)
        if found is not None:
            return found, HTTPStatus.OK
        if prefers_html(accept) and scope["method"] in _METHODS:
            return await self._made(LOST), HTTPStatus.NOT_FOUND
        raise NotFound(f"expected an address of the hub, got {scope['path'][:80]!r}; see /docs")

    async def _find(self, path: str, accept: str) -> Page | None:
        if path == "/":
            return self._site.home if prefers_html(accept) else self._site.information
        address = path.removesuffix("/")
        return await self._made(address) if address in self._site.pages else None

    async def _made(self, address: str) -> Page:
        if (known := self._site.pages.made(address)) is not None:
            return known
        # The first reader waits for it; sockets do not.
        return await asyncio.to_thread(self._site.pages.make, address)


def prefers_html(accept: str) -> bool:
    """Say whether a caller asks for a page: it names HTML, and JSON not before it.

    A browser does; curl and most programs take anything, and get JSON.
    """
    weights = dict(map(_weigh, accept.lower().split(",")))
    html = weights.get("text/html", 0.0)
    return html > 0 and html >= weights.get("application/json", 0.0)


def _weigh(choice: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in choice.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return media, float(value)
            except ValueError:
                return media, 0.0
    return media, 1.0


async def _send(
    send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
