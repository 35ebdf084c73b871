"""Colours of code: what a piece of it is, as classes that `docs.css` knows.

Four kinds are enough to read by; the lexers are those of Pygments.
"""

import html
from functools import cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    String,
    _TokenType,
)
from pygments.util import ClassNotFound

_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "c"),
    (Name.Tag, "w"),
    (Name.Builtin.Pseudo, "w"),
    (Keyword, "w"),
    (Operator.Word, "w"),
    (String, "s"),
    (Number, "n"),
    (Literal, "s"),
    (Generic.Prompt, "c"),
)


def coloured(code: str, language: str) -> str:
    """Return code as HTML; of a language that is not known, or of none, as it is."""
    lexer = _lexer(language)
    if lexer is None:
        return html.escape(code)
    return "".join(_span(_class_of(kind), text) for kind, text in lexer.get_tokens(code))


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        # Neither strips nor adds lines: what is copied is what was written.
        return get_lexer_by_name(language, stripnl=False, ensurenl=False) if language else None
    except ClassNotFound:
        return None


@cache
def _class_of(kind: _TokenType) -> str:
    return next((word for above, word in _CLASSES if kind in above), "")


def _span(word: str, text: str) -> str:
    escaped = html.escape(text)
    return f'<span class="{word}">{escaped}</span>' if word and text.strip() else escaped
