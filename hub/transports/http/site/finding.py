"""What the search of the documentation looks through, and what programs read of it.

`/docs/search.json` holds each section of each page with its words; the page searches it itself, so
it works offline. `/llms.txt` (llmstxt.org) names every page as Markdown with a line on each, and
`/llms-full.txt` is all of them in one.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from hub.transports.http.site.contents import CONTENTS, ENTRIES
from hub.transports.http.site.markup import rendered

# A hit needs the words, not the length: a table of 200 rows is found by its first ones.
_MOST_WORDS = 4_000
_SUMMARY = """\
# Hub

> A WebSocket-first realtime event hub: updates come in over HTTP, are on disk in order when they
> are answered, and go out over WebSocket, Server-Sent Events and signed webhooks. Who was away
> resumes by position and gets each missed event once.

This hub serves its own documentation, for its own version. `GET /openapi.json` and
`GET /asyncapi.json` describe it to programs. Every refusal names a `code`;
`/docs/errors/CODE.md` says what to do about it.
"""


class Hit(msgspec.Struct, array_like=True):
    """A section that can be found: where it is, its page, its heading, its words."""

    address: str
    page: str
    heading: str
    words: str


def index(pages: Mapping[str, str]) -> bytes:
    """Return what is searched, as JSON.

    Args:
        pages: The Markdown of each page by its address.
    """
    hits: list[Hit] = []
    for address, markdown in pages.items():
        text = rendered(markdown)
        for one in text.sections:
            where = address if one.level == 1 else f"{address}#{one.anchor}"
            words = " ".join(one.words.split())[:_MOST_WORDS]
            hits.append(Hit(where, text.title, "" if one.level == 1 else one.title, words))
    return msgspec.json.encode(hits)


def llms(others: Iterable[tuple[str, str, str]]) -> str:
    """Return `/llms.txt`.

    Args:
        others: Title, address and a line of what is not a page.
    """
    lines = [_SUMMARY]
    for chapter in CONTENTS:
        lines.append(f"## {chapter.title}\n")
        lines += [
            _item(entry.title, f"{entry.address}.md", entry.summary) for entry in chapter.entries
        ]
        lines.append("")
    lines.append("## Optional\n")
    lines += [_item(*other) for other in others]
    return "\n".join(lines) + "\n"


def llms_full(read: Callable[[str], str]) -> str:
    """Return `/llms-full.txt`; `read` gives the Markdown of a page by its address."""
    return "\n\n".join([_SUMMARY, *(read(entry.address) for entry in ENTRIES)])


def _item(title: str, address: str, summary: str) -> str:
    return f"- [{title}]({address}): {summary}"
