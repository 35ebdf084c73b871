"""The work of `hub listen`: each event goes out from here as the hub would send it."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import NamedTuple

import click
import httpx
import msgspec
from rich.text import Text

from hub import __version__
from hub.cli.event_line import printable
from hub.cli.following import wire
from hub.cli.json_line import json_line
from hub.cli.output import Output
from hub.webhooks.sender import DEADLINE_S, MAX_ANSWER
from hub.webhooks.signing import sign
from hub_client import Event

# Seconds before each further attempt: somebody sits there and mends the receiver.
SCHEDULE = (1.0, 5.0, 15.0, 30.0, 60.0)
# Events that may wait for a further attempt; then the stream waits.
MAX_WAITING = 100
_SHOWN = 100
AGENT = f"Hub-Webhooks/{__version__}"
_WAITS = "waits"


class Outcome(NamedTuple):
    """What became of one attempt.

    Attributes:
        attempt: 1, 2, …; 0: it was sent again by hand.
        failure: None for 200 to 299 alone.
        again_in_s: Seconds until the next attempt; None: there is none.
        said: Beginning of the answer's body.
    """

    event: Event
    attempt: int
    status: int | None
    failure: str | None
    ms: float
    again_in_s: float | None = None
    said: str = ""


class Forwarder:
    """Sends events to one address, in order; what fails comes again, beside what follows.

    Args:
        target: Where to; also a loopback address: it is the user's own machine.
        secret: Signs, `whsec_…`.
        output: Where each attempt is shown.
        retries: Attempts after the first.
        verify: Check the certificate.

    Attributes:
        given_up: Events that were not taken at the last of their attempts.
    """

    def __init__(
        self, target: str, secret: str, output: Output, *, retries: int, verify: bool = True
    ) -> None:
        self._target = target
        self._secret = secret
        self._output = output
        self._schedule = [SCHEDULE[min(n, len(SCHEDULE) - 1)] for n in range(retries)]
        self._client = httpx.AsyncClient(
            timeout=DEADLINE_S, follow_redirects=False, trust_env=False, verify=verify
        )
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: Event | None = None
        self.given_up = 0

    async def close(self) -> None:
        """Give up what waits, and say how much that is."""
        waiting = sum(task.get_name() == _WAITS for task in self._tasks)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()
        if waiting:
            self._output.warn(f"{waiting} events were not delivered: they stay in the hub's log")

    async def take(self, event: Event) -> None:
        """Send an event; return after its first attempt."""
        self._last = event
        outcome = await self._attempt(event, 1)
        self._show(outcome)
        if outcome.again_in_s is not None:
            await self._room.acquire()
            self._spawn(self._later(outcome), _WAITS)

    def again(self) -> None:
        """Send the last event once more."""
        if self._last is None:
            self._output.note("nothing was sent yet")
        else:
            self._spawn(self._by_hand(self._last), "by hand")

    async def settle(self) -> None:
        """Wait until nothing waits for a further attempt."""
        await asyncio.gather(*self._tasks)

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _by_hand(self, event: Event) -> None:
        self._show(await self._attempt(event, 0))

    async def _later(self, outcome: Outcome) -> None:
        try:
            while outcome.again_in_s is not None:
                await asyncio.sleep(outcome.again_in_s)
                outcome = await self._attempt(outcome.event, outcome.attempt + 1)
                self._show(outcome)
        finally:
            self._room.release()

    async def _attempt(self, event: Event, attempt: int) -> Outcome:
        body = msgspec.json.encode(wire(event))
        headers = request_headers(self._secret, event, body)
        began = time.perf_counter()
        status, failure, said = await self._exchange(headers, body)
        ms = (time.perf_counter() - began) * 1000
        left = self._schedule[attempt - 1 :] if failure is not None and attempt else []
        again = left[0] if left else None
        return Outcome(event, attempt, status, failure, ms, again, said)

    async def _exchange(
        self, headers: Sequence[tuple[str, str]], body: bytes
    ) -> tuple[int | None, str | None, str]:
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._client.stream(
                    "POST", self._target, content=body, headers=[*headers]
                ) as answer,
            ):
                said = await _beginning(answer)
        except TimeoutError:
            return None, f"no answer within {DEADLINE_S:g} s", ""
        except httpx.HTTPError as error:
            return None, reason_of(error), ""
        return answer.status_code, failure_of(answer), said

    def _show(self, outcome: Outcome) -> None:
        if outcome.failure is not None and outcome.attempt and outcome.again_in_s is None:
            self.given_up += 1
        if self._output.json:
            click.echo(json_line(_plain(outcome)))
        else:
            self._output.stdout.print(_line(outcome), soft_wrap=True)


def request_headers(secret: str, event: Event, body: bytes) -> list[tuple[str, str]]:
    """Return what a body goes with, now; by `hub-hop` a hub knows what came round."""
    return [
        ("content-type", "application/json"),
        ("accept-encoding", "identity"),
        ("user-agent", AGENT),
        ("hub-hop", "1"),
        *sign([secret], event.id or "", int(time.time()), body),
        *([("traceparent", event.trace)] if event.trace else []),
    ]


def failure_of(answer: httpx.Response) -> str | None:
    """Return why an answer is no success."""
    if answer.is_success:
        return None
    if answer.is_redirect:
        return "redirects are not followed"
    return printable(answer.reason_phrase) or "no success"


def reason_of(error: httpx.HTTPError) -> str:
    """Return what happened instead of an answer, in a few words."""
    words = str(error) or type(error).__name__
    return "connection refused" if "All connection attempts failed" in words else printable(words)


async def _beginning(answer: httpx.Response) -> str:
    """Return the first line of a failure's body; the rest is not waited for.

    Nothing is unpacked: nobody asked for that, and 64 KiB may be 64 MiB.
    """
    text = b""
    async for chunk in answer.aiter_raw():
        text += chunk
        if len(text) > MAX_ANSWER:
            break
    if "content-encoding" in answer.headers:
        return ""
    first = text[:MAX_ANSWER].decode(errors="replace").strip().partition("\n")[0]
    return "" if answer.is_success else printable(first)[:_SHOWN]


def _plain(outcome: Outcome) -> dict[str, object]:
    event = outcome.event
    return {
        "id": event.id,
        "type": event.type,
        "channel": event.channel,
        "offset": event.offset,
        "attempt": outcome.attempt,
        "status": outcome.status,
        "failure": outcome.failure,
        "ms": round(outcome.ms, 1),
        "again_in_s": outcome.again_in_s,
    }


def _line(outcome: Outcome) -> Text:
    event, good = outcome.event, outcome.failure is None
    style = "green" if good else "red"
    times = {0: "  sent again", 1: ""}.get(outcome.attempt, f"  attempt {outcome.attempt}")
    line = Text.assemble(
        (f"{datetime.now().astimezone():%H:%M:%S}", "dim"),
        f"  {printable(event.type):<16}  ",
        (printable(event.id or ""), "dim"),
        (f"  {outcome.status or '---'}", style),
        (f"  {outcome.ms:6.0f} ms", "dim"),
        (times, "yellow"),
    )
    if not good:
        line.append(f"  {outcome.failure}", style)
        line.append(f": {outcome.said}" if outcome.said else "", "dim")
        after = outcome.again_in_s
        line.append("" if after is None else f", again in {after:g} s", "dim")
    return line
