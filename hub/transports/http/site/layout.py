"""The look of a page of the documentation: a text within its navigation."""

import html
from itertools import chain
from string import Template
from typing import NamedTuple

from hub.transports.http.site.contents import CONTENTS, ENTRIES, Chapter, Entry
from hub.transports.http.site.markup import Text, rendered
from hub.transports.http.site.texts import read_text

# With fewer headings a page needs no table of contents.
_LEAST_HEADINGS = 2
_DEEPEST = 3


class Place(NamedTuple):
    """Where a page stands.

    Attributes:
        address: Its own.
        entry: Address of the entry of the navigation that it is, or belongs to.
        summary: What it is for, in a line.
    """

    address: str
    entry: str = ""
    summary: str = ""


def page(markdown: str, place: Place, *, version: str, head: str = "", extra: str = "") -> bytes:
    """Return the page of a text; its first heading becomes the title.

    Args:
        markdown: The text.
        place: Where it stands.
        version: Of the hub, shown at the foot.
        head: Lines of the hub's own for the head of the document.
        extra: HTML of the hub's own that follows the text.
    """
    text = rendered(markdown)
    return (
        Template(read_text("page.html"))
        .substitute(
            title=html.escape(text.title),
            summary=html.escape(place.summary or text.title),
            address=place.address,
            head=head,
            body=text.html,
            extra=extra,
            contents="\n".join(_chapter(chapter, place) for chapter in CONTENTS),
            here=_here(text),
            turn=_turn(place),
            version=html.escape(version),
        )
        .encode()
    )


def _chapter(chapter: Chapter, place: Place) -> str:
    items = "".join(f"<li>{_link(entry, place)}</li>" for entry in chapter.entries)
    return f"<h2>{chapter.title}</h2><ul>{items}</ul>"


def _link(entry: Entry, place: Place) -> str:
    current = ""
    if entry.address == place.entry:
        current = f' aria-current="{"page" if place.address == place.entry else "true"}"'
    return f'<a href="{entry.address}"{current}>{html.escape(entry.title)}</a>'


def _here(text: Text) -> str:
    """Return the table of contents of the page itself."""
    shown = [one for one in text.sections if 1 < one.level <= _DEEPEST]
    if len(shown) < _LEAST_HEADINGS:
        return ""
    items = "".join(
        f'<li class="level-{one.level}"><a href="#{one.anchor}">{html.escape(one.title)}</a></li>'
        for one in shown
    )
    return f'<nav id="here" aria-label="On this page"><h2>On this page</h2><ul>{items}</ul></nav>'


def _turn(place: Place) -> str:
    """Return the links to the page before and to the one after."""
    at = next((i for i, entry in enumerate(ENTRIES) if entry.address == place.address), None)
    if at is None:
        return ""
    before = (_step("prev", "Before", ENTRIES[at - 1]),) if at > 0 else ()
    after = (_step("next", "Next", entry) for entry in ENTRIES[at + 1 : at + 2])
    return "".join(chain(before, after))


def _step(rel: str, word: str, entry: Entry) -> str:
    title = html.escape(entry.title)
    return f'<a rel="{rel}" href="{entry.address}"><small>{word}</small>{title}</a>'
