"""AsyncAPI 3 of this hub's WebSocket, from the types of its frames.

As AsyncAPI has it, the actions are the hub's: it receives commands, and sends replies and pushes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import msgspec

from hub.realtime import commands, replies
from hub.realtime.formats import FORMATS
from hub.transports.http.documents import webhooks
from hub.transports.http.documents.closes import CLOSES
from hub.transports.http.documents.envelopes import (
    AlertCleared,
    AlertRaised,
    ContractStale,
    ContractUpdated,
    Envelope,
    JobUpdated,
)
from hub.transports.http.documents.schemas import CHANNEL_PATTERN, Schema, Schemas

_DESCRIPTION = """\
One JSON object a text frame, or one MessagePack map a binary frame with the subprotocol
`hub.v1.msgpack`. A client that sends nothing follows `contracts`, `jobs`, `tasks`,
`agents` and `pipelines` from now on; `?channels=contracts,jobs` narrows that, and `?channels=`
waits for `subscribe`. The rules, of recovery above all, are in [/docs/protocol](/docs/protocol).
"""
_CLOSING = """\
Close codes 4000 to 4499 come back, with full jitter from 500 ms to 20 s; 4500 to 4999 do not. The
reason is JSON and names the `code`. `x-close-codes` lists them all.
"""
# What answers a command, besides `error`, which may answer each.
_ANSWERS: dict[type, tuple[type, ...]] = {
    commands.Auth: (replies.AuthOk,),
    commands.Subscribe: (replies.Subscribed,),
    commands.Unsubscribe: (replies.Unsubscribed,),
    commands.GetHistory: (replies.History,),
    commands.GetStatus: (replies.Status,),
    commands.Heartbeat: (replies.Heartbeat,),
    commands.Ping: (replies.Pong,),
}


class _Frame(NamedTuple):
    """One kind of frame.

    Attributes:
        direction: command, reply, push or event.
        word: Its `type` on the wire.
        kind: The Python type.
    """

    direction: str
    word: str
    kind: type

    @property
    def key(self) -> str:
        return f"{self.direction}.{self.word}"


def _frames(direction: str, union: Any) -> Sequence[_Frame]:
    return [_Frame(direction, _word(kind), kind) for kind in get_args(union)]


def _word(kind: Any) -> str:
    word: str = msgspec.inspect.type_info(kind).tag  # type: ignore[attr-defined]
    return word


_COMMANDS = _frames("command", commands.Command)
_REPLIES = _frames("reply", replies.Reply)
_EVENTS = (
    _Frame("event", "contract_update", ContractUpdated),
    _Frame("event", "contract_stale", ContractStale),
    _Frame("event", "job_update", JobUpdated),
    _Frame("event", "alert_raised", AlertRaised),
    _Frame("event", "alert_cleared", AlertCleared),
    # Of a channel of one's own: its type may be any word.
    _Frame("event", "custom", Envelope),
)
# A heartbeat is a reply when it was asked for, and comes by itself too.
_PUSHES = (*_frames("push", replies.Push), _Frame("push", "heartbeat", replies.Heartbeat))
_CORRELATED = {"command": "id", "reply": "reply_to"}


def document(*, version: str) -> Schema:
    """Return the document."""
    schemas = Schemas(())
    frames = [*_COMMANDS, *_REPLIES, *_PUSHES, *_EVENTS]
    messages = {frame.key: _message(frame, schemas) for frame in frames}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hub",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"hub": _server(), "receiver": webhooks.server()},
        "channels": {
            "ws": _channel("/ws", frames),
            "apiWs": _channel("/api/ws", frames),
            "webhook": webhooks.channel([frame.key for frame in _EVENTS]),
        },
        "operations": _operations(),
        "components": {
            "messages": messages,
            "schemas": dict(sorted(schemas.components.items())),
            "correlationIds": {
                name: {"location": f"$message.payload#/{name}"} for name in _CORRELATED.values()
            },
        },
    }


def _server() -> Schema:
    return {
        "host": "{address}",
        "protocol": "ws",
        "description": "The hub that served this document",
        "variables": {"address": {"default": "localhost:8000"}},
    }


def _channel(address: str, frames: Sequence[_Frame]) -> Schema:
    narrowing = {
        "type": "string",
        "description": f"Names by comma, each {CHANNEL_PATTERN}; empty: none until asked for",
        "examples": ["contracts,jobs", ""],
    }
    return {
        "address": address,
        "title": "The socket",
        "servers": [{"$ref": "#/servers/hub"}],
        "description": _CLOSING,
        "messages": {f.key: {"$ref": f"#/components/messages/{f.key}"} for f in frames},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": {"channels": narrowing}},
                "headers": {
                    "type": "object",
                    "properties": {"Sec-WebSocket-Protocol": {"enum": [*FORMATS]}},
                },
                "bindingVersion": "0.1.0",
            }
        },
        "x-close-codes": [
            {
                "code": close.code,
                "word": close.word,
                "comes_back": close.comes_back,
                "meaning": close.meaning,
                "sent": not close.later,
            }
            for close in CLOSES
        ],
    }


def _message(frame: _Frame, schemas: Schemas) -> Schema:
    summary = (frame.kind.__doc__ or "").partition("\n")[0]
    payload = schemas.of(frame.kind) if frame in _EVENTS else schemas.inline(frame.kind)
    message: Schema = {"name": frame.word, "title": frame.kind.__name__, "summary": summary}
    correlation = _CORRELATED.get(frame.direction)
    if correlation is not None:
        message["correlationId"] = {"$ref": f"#/components/correlationIds/{correlation}"}
    return {**message, "payload": payload}


def _operations() -> Schema:
    operations = {f"receive.{frame.word}": _receive(frame) for frame in _COMMANDS}
    operations["send"] = {
        "action": "send",
        "title": "What the hub says by itself",
        "channel": {"$ref": "#/channels/ws"},
        "messages": _refer([*_PUSHES, *_EVENTS]),
    }
    operations["sendWebhook"] = webhooks.operation([frame.key for frame in _EVENTS])
    return operations


def _receive(command: _Frame) -> Schema:
    kinds = {*_ANSWERS[command.kind], replies.Error}
    answers = [frame for frame in _REPLIES if frame.kind in kinds]
    return {
        "action": "receive",
        "summary": (command.kind.__doc__ or "").partition("\n")[0],
        "channel": {"$ref": "#/channels/ws"},
        "messages": _refer([command]),
        "reply": {"channel": {"$ref": "#/channels/ws"}, "messages": _refer(answers)},
    }


def _refer(frames: Sequence[_Frame]) -> list[Schema]:
    return [{"$ref": f"#/channels/ws/messages/{frame.key}"} for frame in frames]
