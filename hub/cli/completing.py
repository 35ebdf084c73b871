"""What a shell is offered to complete: names of contexts, of channels, of kinds of events.

Whatever goes wrong, nothing is offered and nothing is said: a line is being typed. What a hub
says becomes part of that line, so only names of the forms that a hub has are taken.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

# Somebody waits with a finger on the key.
WITHIN_S = 1.0


def complete_contexts(
    _ctx: click.Context, _param: click.Parameter, typed: str
) -> Sequence[CompletionItem]:
    """Offer the names of contexts."""

    def names() -> Iterable[CompletionItem]:
        from hub.cli.contexts import config_file, load

        known = load(config_file()).known
        return [CompletionItem(name, help=known[name].url) for name in sorted(known)]

    return _offered(typed, names)


def complete_channels(
    ctx: click.Context, _param: click.Parameter, typed: str
) -> Sequence[CompletionItem]:
    """Offer the channels of the hub, but for those that the line names already."""
    named = ctx.params.get("channels") or ()

    def names() -> Iterable[CompletionItem]:
        from hub.model.event import is_channel_name

        channels = {one["channel"] for one in _ask(ctx, "/api/channels")["channels"]}
        found = sorted(filter(is_channel_name, channels - {*named}))
        return [CompletionItem(name) for name in found]

    return _offered(typed, names)


def complete_types(
    ctx: click.Context, _param: click.Parameter, typed: str
) -> Sequence[CompletionItem]:
    """Offer the types of the newest events of the channel that the line names."""

    def names() -> Iterable[CompletionItem]:
        from urllib.parse import quote

        from hub.model.event import is_event_type

        channel = quote(str(ctx.params.get("channel")), safe="")
        events = _ask(ctx, f"/api/channels/{channel}/history?limit=200")["events"]
        found = {event["type"] for event in events}
        return [CompletionItem(name) for name in sorted(filter(is_event_type, found))]

    return _offered(typed, names)


def _offered(typed: str, names: Callable[[], Iterable[CompletionItem]]) -> Sequence[CompletionItem]:
    with contextlib.suppress(Exception):
        return [one for one in names() if str(one.value).startswith(typed)]
    return []


def _ask(ctx: click.Context, path: str) -> Any:
    import httpx

    from hub.cli.contexts import chosen
    from hub_client.address import Address

    url, token = ctx.params.get("url") or os.environ.get("HUB_URL"), None
    if not url and not os.environ.get("WS_URI") and (context := chosen(os.environ)) is not None:
        url, token = context.url, os.environ.get("HUB_TOKEN") or context.token or None
    address = Address(url, token, os.environ)
    answer = httpx.get(f"{address.http}{path}", headers=address.headers(), timeout=WITHIN_S)
    return answer.raise_for_status().json()
