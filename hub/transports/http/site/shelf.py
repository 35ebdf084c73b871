"""Pages that are made when somebody first asks for them.

There are some hundred, most are never read, and a hub should start at once.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

HTML = "text/html; charset=utf-8"
JSON = "application/json"
MARKDOWN = "text/markdown; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """What is served at an address; `etag` changes with the body."""

    media: bytes
    body: bytes
    etag: bytes


class Leaf(NamedTuple):
    """A page that may yet have to be made."""

    media: str
    make: Callable[[], bytes]


class Shelf:
    """Pages by their address.

    Args:
        leaves: How each is made.
    """

    def __init__(self, leaves: Mapping[str, Leaf]) -> None:
        self._leaves = leaves
        self._made: dict[str, Page] = {}

    def __contains__(self, address: str) -> bool:
        return address in self._leaves

    def made(self, address: str) -> Page | None:
        """Return a page if it is made already."""
        return self._made.get(address)

    def make(self, address: str) -> Page:
        """Return a page, made now if need be; in any thread, for it may take 100 ms.

        Raises:
            KeyError: There is none.
        """
        if (known := self._made.get(address)) is not None:
            return known
        leaf = self._leaves[address]
        # Two threads may make the same page: it is the same.
        return self._made.setdefault(address, page(leaf.media, leaf.make()))


def page(media: str, body: bytes) -> Page:
    """Return a page of a body."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    return Page(media.encode(), body, etag.encode())
