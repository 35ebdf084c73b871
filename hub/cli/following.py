"""The work of `hub tail`: listen through the SDK, show what comes, say what is odd."""

import os
import time
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

import click

from hub.cli.bookmark import Bookmark, state_folder
from hub.cli.event_line import compact_line, event_line
from hub.cli.json_line import json_line
from hub.cli.output import Output
from hub.cli.since import Beginning, moment
from hub.cli.view_options import Thinning, Value
from hub_client import (
    Event,
    HistoryGap,
    Lag,
    ListenState,
    MCPClient,
    NetworkError,
    Snapshot,
    State,
)
from hub_client.address import Address

DEFAULT_CHANNELS = ("contracts", "jobs")
RETRY_S = 1.0
# Wide enough for whole UUIDs beside everything else.
WIDE = 160


class View(NamedTuple):
    """What of the channels is to be seen, as `listen` takes it."""

    where: dict[str, list[Value]] | None = None
    conflate: Thinning | None = None


class Follow(NamedTuple):
    """The arguments of one `hub tail`; `limit` events are enough, `resume` names a bookmark."""

    url: str | None
    channels: tuple[str, ...]
    since: str | None
    last: int | None
    limit: int | None
    wait: bool
    view: View = View()
    resume: str | None = None


def follow(wanted: Follow, output: Output) -> None:
    """Show events until there are enough, or for ever.

    Raises:
        click.UsageError: An argument is not what it should be.
        hub_client.HubError: No hub answers at the first try, or it refused.
    """
    try:
        _follow(wanted, output)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        # The ordinary end of a tail, but not of one that was to bring so many events.
        if wanted.limit is not None:
            raise


def _follow(wanted: Follow, output: Output) -> None:
    channels = wanted.channels or DEFAULT_CHANNELS
    url = Address(wanted.url, None, os.environ).http
    if wanted.resume is None:
        _print(wanted, Watch(url, channels, output, wait=wanted.wait), output)
        return
    with Bookmark(wanted.resume, url, state_folder()) as bookmark:
        watch = Watch(url, channels, output, wait=wanted.wait, bookmark=bookmark)
        since = bookmark.position(channels)
        if since is not None:
            output.note(f"● {wanted.resume}: going on behind {since}")
            wanted = wanted._replace(since=since, last=None)
        _print(wanted, watch, output)


def _print(wanted: Follow, watch: "Watch", output: Output) -> None:
    left = wanted.limit
    with closing(_events(wanted, watch)) as events:
        for event in events:
            show(event, output)
            # After the line: who is killed in between prints it again.
            watch.printed(event.position)
            if isinstance(event, Snapshot):
                continue
            left = None if left is None else left - 1
            if left == 0:
                return


def _events(wanted: Follow, watch: "Watch") -> Generator[Event, None, None]:
    channels = watch.channels
    since = _begin(wanted, channels, watch)
    history = wanted.last if since is None else None
    with MCPClient(wanted.url) as client:
        while True:
            try:
                yield from _listen(client, wanted.view, since, history, watch)
            except HistoryGap as gap:
                watch.gap(gap)
                since, history = gap.position, None


def _listen(
    client: MCPClient, view: View, since: str | None, history: int | None, watch: "Watch"
) -> Generator[Event, None, None]:
    def changed(state: State) -> None:
        # Also where nothing has come yet: what comes while nobody listens is not to be missed.
        # Not at the end, which may lie between an event and its line.
        if state.state is not ListenState.DISCONNECTED:
            watch.printed(listener.position)
        watch.changed(state)

    listener = client.listen(
        *watch.channels,
        since=since,
        history=history,
        where=view.where,
        conflate=view.conflate,
        on_state=changed,
        on_lag=watch.slow,
    )
    yield from listener


def _begin(wanted: Follow, channels: tuple[str, ...], watch: "Watch") -> str | None:
    if wanted.since is None:
        return None
    at = moment(wanted.since, datetime.now(UTC))
    beginning = Beginning(wanted.url, channels)
    while True:
        try:
            if at is not None:
                since = beginning.at(at)
            elif wanted.since.isdecimal():
                since = beginning.behind(wanted.since)
            else:
                since = wanted.since
            return since if wanted.last is None else beginning.last(wanted.last, since)
        except NetworkError as error:
            watch.changed(_away(str(error)))
            time.sleep(RETRY_S)


def _away(message: str) -> State:
    return State(
        ListenState.CONNECTING,
        code=1006,
        reason="network_error",
        retry_in_s=RETRY_S,
        message=message,
    )


class Watch:
    """Says on stderr how the connection is, and keeps the bookmark.

    Attributes:
        channels: What is followed.
    """

    def __init__(
        self,
        url: str,
        channels: tuple[str, ...],
        output: Output,
        *,
        wait: bool,
        bookmark: Bookmark | None = None,
    ) -> None:
        self.channels = channels
        self._url = url
        self._output = output
        self._patient = wait
        self._bookmark = bookmark

    def printed(self, position: str | None) -> None:
        """Everything up to a position was printed.

        Raises:
            Misconfigured: That cannot be kept.
        """
        if self._bookmark is not None:
            self._bookmark.keep(position, self.channels)

    def changed(self, state: State) -> None:
        """Take a state of the listener.

        Raises:
            NetworkError: There was no hub to begin with, and nobody asked to wait for one.
        """
        if state.state is ListenState.CONNECTED:
            self._patient = True
            self._output.note(f"● following {', '.join(self.channels)} at {self._url}")
        elif state.state is ListenState.CONNECTING and state.code is not None:
            if not self._patient:
                error = NetworkError(state.message)
                error.base = self._url
                raise error
            self._output.note(
                f"○ no connection ({state.reason}), again in {state.retry_in_s:.1f} s"
            )

    def slow(self, lag: Lag) -> None:
        """Say that the hub finds this tail slow, or not any more."""
        if not lag.behind:
            self._output.note(f"● {lag.channel}: caught up")
            return
        comes = _COMES.get(lag.mode, "the hub goes on as it can")
        self._output.note(f"○ {lag.channel}: {lag.behind} events behind, {comes}")

    def gap(self, gap: HistoryGap) -> None:
        """Say what is gone for good, once."""
        if gap.reason == "epoch_changed":
            text = "the log was restored from a backup: what came before is void, going on from now"
        else:
            first, last = gap.from_offset + 1, gap.to_offset
            text = f"{gap.channel}: events {first} to {last} are gone ({gap.reason}), going on"
        self._output.warn(f"gap: {text}")
        self.printed(gap.position)


_COMES = {
    "lossless": "they come later",
    "conflated": "only the newest of each comes",
    "snapshot": "the newest of each comes at once",
}


def show(event: Event, output: Output) -> None:
    """Print an event, or the states of a snapshot."""
    if isinstance(event, Snapshot) and output.form != "json":
        for item in event.items:
            state = Event(type=event.type, channel=event.channel, data=item, offset=event.offset)
            show(state, output)
        return
    if output.form in {"json", "raw"}:
        click.echo(json_line(event.data if output.form == "raw" else wire(event)))
        return
    if output.form == "compact":
        click.echo(compact_line(event))
        return
    console = output.stdout
    narrow = console.is_terminal and console.width < WIDE
    line = event_line(event, datetime.now().astimezone(), short=narrow)
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
    else:
        console.print(line, soft_wrap=True)


def wire(event: Event) -> dict[str, object]:
    """Return the event as the hub sent it, field by field in its order."""
    place = {} if event.offset is None else {"offset": event.offset}
    marks = {"test": True} if event.test else {}
    trace = {} if event.trace is None else {"trace": event.trace}
    return {
        "type": event.type,
        "channel": event.channel,
        **place,
        "id": event.id,
        "timestamp": event.timestamp,
        **marks,
        **trace,
        "data": event.data,
    }
