"""Markdown in, the inside of a page out: its HTML, its headings, its words.

The texts are the hub's own; HTML in them is off all the same, so that a page is never more than
its words.
"""

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hub.transports.http.site.highlight import coloured

_JOINT, _BREAK = re.compile("([_/,:|])(?=.)"), r"\1<wbr>"
# Names up to here are never broken where there is room for a table.
_LONG = 24
_NO_WORD = re.compile(r"[^a-z0-9]+")


class Section(NamedTuple):
    """A heading and the words under it, up to the next heading.

    Attributes:
        level: 1 to 6.
        anchor: What a link names after the #.
        title: The heading.
        words: All text under it.
    """

    level: int
    anchor: str
    title: str
    words: str


class Text(NamedTuple):
    """A text, rendered."""

    html: str
    sections: Sequence[Section]

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.sections[0].title if self.sections else ""


def rendered(markdown: str) -> Text:
    """Return what a text becomes."""
    parser = _parser()
    tokens = _without_empty_heads(parser.parse(markdown))
    _name_headings(tokens)
    return Text(parser.renderer.render(tokens, parser.options, {}), tuple(_sections(tokens)))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give each heading an id of its own to link to."""
    seen: dict[str, int] = {}
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = _NO_WORD.sub("-", _words(inline).lower()).strip("-")
            seen[anchor] = seen.get(anchor, 0) + 1
            number = f"-{seen[anchor]}" if seen[anchor] > 1 else ""
            opening.attrSet("id", anchor + number)


def _without_empty_heads(tokens: Sequence[Token]) -> Sequence[Token]:
    """Leave out the heads of tables that have none; Markdown cannot say so."""
    kept: list[Token] = []
    for token in tokens:
        kept.append(token)
        if token.type == "thead_close":
            start = max(at for at, one in enumerate(kept) if one.type == "thead_open")
            if not any(one.content for one in kept[start:]):
                del kept[start:]
    return kept


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    heading: tuple[int, str, str] | None = None
    words: list[str] = []
    for opening, token in pairwise([Token("", "", 0), *tokens]):
        if opening.type == "heading_open":
            if heading is not None:
                yield Section(*heading, " ".join(words))
            words = []
            heading = (int(opening.tag[1]), str(opening.attrGet("id")), _words(token))
        elif token.type in {"inline", "fence", "code_block"}:
            words.append(_words(token))
    if heading is not None:
        yield Section(*heading, " ".join(words))


def _words(token: Token) -> str:
    if token.children is None:
        return token.content
    return "".join(
        " " if child.type in {"softbreak", "hardbreak"} else child.content
        for child in token.children
    )


def _code(_: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    token = tokens[index]
    language = (token.info.split() or [""])[0]
    spoken = f' class="language-{html.escape(language)}"' if language else ""
    # What scrolls sideways must be reachable by keyboard.
    return (
        f'<div class="code"><pre tabindex="0"><code{spoken}>'
        f"{coloured(token.content, language)}</code></pre></div>\n"
    )


def _inline_code(_: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    # Long names may be broken between their words, in the narrow column of a table say.
    content = tokens[index].content
    kind = ' class="long"' if len(content) > _LONG else ""
    return f"<code{kind}>{_JOINT.sub(_BREAK, html.escape(content))}</code>"


def _table_open(*_: Any) -> str:
    return '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _cell_open(_: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    return '<th scope="col">' if tokens[index].tag == "th" else "<td>"


def _heading_close(_: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    token = tokens[index]
    if token.tag == "h1":
        return "</h1>\n"
    opening = next(one for one in reversed(tokens[:index]) if one.type == "heading_open")
    # For the mouse; by keyboard the same lies under "On this page".
    anchor = f'<a class="anchor" href="#{opening.attrGet("id")}" aria-hidden="true" tabindex="-1">'
    return f"{anchor}#</a></{token.tag}>\n"


_RULES = {
    "fence": _code,
    "code_inline": _inline_code,
    "code_block": _code,
    "table_open": _table_open,
    "table_close": _table_close,
    "th_open": _cell_open,
    "heading_close": _heading_close,
}
