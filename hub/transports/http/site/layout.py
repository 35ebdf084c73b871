"""The look of a page: Markdown in, a whole HTML document out.

The texts are the hub's own; HTML in them is off all the same, so that a page is never more than
its words.
"""

import html
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from string import Template

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hub.transports.http.site.texts import read_text

_NO_WORD = re.compile(r"[^a-z0-9]+")


def page(markdown: str, *, version: str, section: str = "") -> bytes:
    """Return the page of a text; its first heading becomes the title.

    Args:
        markdown: The text.
        version: Of the hub, shown at the foot.
        section: Address of the entry of the navigation that is marked as the current one.
    """
    parser = _parser()
    tokens = parser.parse(markdown)
    title = _name_headings(tokens)
    # What scrolls sideways must be reachable by keyboard.
    body = parser.renderer.render(tokens, parser.options, {}).replace("<pre>", '<pre tabindex="0">')
    nav = "\n".join(_link(address, text, section) for address, text in _NAVIGATION)
    template = Template(read_text("page.html"))
    filled = template.substitute(
        title=html.escape(title), body=body, navigation=nav, version=html.escape(version)
    )
    return filled.encode()


_NAVIGATION = (
    ("/", "Live"),
    ("/docs", "Start"),
    ("/docs/protocol", "Protocol"),
    ("/docs/errors", "Errors"),
    ("/docs/settings", "Settings"),
    ("/docs/metrics", "Metrics"),
    ("/openapi.json", "OpenAPI"),
    ("/asyncapi.json", "AsyncAPI"),
)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _name_headings(tokens: Sequence[Token]) -> str:
    """Give each heading an id to link to; return the text of the first."""
    title = ""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = inline.content.replace("`", "")
            title = title or text
            opening.attrSet("id", _NO_WORD.sub("-", text.lower()).strip("-"))
    return title


def _link(address: str, text: str, section: str) -> str:
    current = ' aria-current="page"' if address == section else ""
    return f'<a href="{address}"{current}>{text}</a>'
