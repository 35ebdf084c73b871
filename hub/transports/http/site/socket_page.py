"""The reference of the WebSocket and the webhooks, from the AsyncAPI document, as Markdown.

Examples are those of the page on the protocol, where a test holds each to its schema.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hub.transports.http.documents import asyncapi
from hub.transports.http.site.shapes import Schema, about, fields
from hub.transports.http.site.tables import table
from hub.transports.http.site.texts import read_page

_EXAMPLE = re.compile(r"^```json (command|reply|push|event)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INTRODUCTION = """\
# WebSocket API

Every frame of the socket `/ws` (or `/api/ws`), made from the types that the hub itself uses. For
programs the same is `/asyncapi.json`, AsyncAPI 3.0. What may be relied on, and in which order
things come, is in the [protocol](protocol.md).

{description}
"""
_GROUPS = (
    ("command", "Commands", "What a client may send. Any may have an `id`: a text or an integer."),
    ("reply", "Replies", "What answers a command; `reply_to` is the `id` of the command."),
    ("push", "Pushes", "What the hub says by itself."),
    ("event", "Events", "What was committed to a channel, or told to a volatile one."),
)
_CLOSES = """\
## Close codes

4000 to 4499 come back, with full jitter from 500 ms to 20 s; 4500 to 4999 do not. The reason is
JSON and names the `code`. All of them stand in the [table](errors.md#close-codes).
"""


def socket_page() -> str:
    """Return it."""
    document = asyncapi.document(version="")
    description = document["info"]["description"].replace("(/docs/protocol)", "(protocol.md)")
    description = description.replace("[/docs/protocol]", "[the protocol]")
    parts = [_INTRODUCTION.format(description=description.strip())]
    for direction, title, words in _GROUPS:
        parts.append(f"## {title}\n\n{words}\n")
        parts += _messages(document, direction)
    parts += [_webhooks(document), *_shapes(document), _CLOSES]
    return "\n".join(parts)


def _messages(document: Schema, direction: str) -> Iterator[str]:
    for key, message in document["components"]["messages"].items():
        kind, _, word = key.partition(".")
        if kind == direction:
            yield f"### {direction} `{word}`\n\n{message['summary']}\n"
            payload = _resolved(document, message["payload"])
            yield _details(payload, message["summary"])
            yield from _answers(document, word) if direction == "command" else ()
            yield from _examples(direction, word)


def _details(schema: Schema, said: str = "") -> str:
    words = about(schema).removeprefix(said).strip()
    rows = fields(schema)
    titles = ("Field", "Kind", "Meaning")[: 3 if any(row[2] for row in rows) else 2]
    listed = table(titles, [row[: len(titles)] for row in rows]) if rows else ""
    return "\n\n".join(part for part in (words, listed) if part) + "\n"


def _answers(document: Schema, word: str) -> Iterator[str]:
    replies = document["operations"][f"receive.{word}"]["reply"]["messages"]
    names = [reply["$ref"].rpartition("/")[2].partition(".")[2] for reply in replies]
    links = " or ".join(f"[`{name}`](#reply-{name.replace('_', '-')})" for name in names)
    yield f"Answered by {links}.\n"


def _examples(direction: str, word: str) -> Iterator[str]:
    for text in _known_examples().get((direction, word), ())[:3]:
        yield f"```json {direction}\n{text}\n```\n"


@cache
def _known_examples() -> Mapping[tuple[str, str], Sequence[str]]:
    """Return the examples of the protocol by direction and type, as they are written there."""
    found: dict[tuple[str, str], list[str]] = {}
    for direction, block in _EXAMPLE.findall(read_page("protocol")):
        rest = block.strip()
        while rest:
            value, end = json.JSONDecoder().raw_decode(rest)
            found.setdefault((direction, value["type"]), []).append(rest[:end])
            rest = rest[end:].strip()
    return found


def _webhooks(document: Schema) -> str:
    channel = document["channels"]["webhook"]
    names = [f"[`{key.partition('.')[2]}`](#{_anchor(key)})" for key in channel["messages"]]
    guide = "[The guide](webhooks.md) says how one is made and received."
    return f"## Webhooks\n\n{channel['description']}\nWhat is posted: {', '.join(names)}. {guide}\n"


def _anchor(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", key)


def _shapes(document: Schema) -> Iterator[str]:
    """Yield the shapes that several frames share; those that are frames stand above."""
    frames = {
        message["payload"]["$ref"].rpartition("/")[2]: key
        for key, message in document["components"]["messages"].items()
        if "$ref" in message["payload"]
    }
    yield "## Shapes\n\nWhat the fields above are made of.\n"
    for name, schema in document["components"]["schemas"].items():
        key = frames.get(name, "")
        link = f"The event [`{key.partition('.')[2]}`](#{_anchor(key)}).\n"
        yield f"### {name}\n\n{link if key else _details(schema)}"


def _resolved(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
