"""The same load on a hub and on others, in turns: machines are noisy, ratios of one run less so.

A round in which the host of the machine took part of it is done again, as often as was asked for at
most; the medians are of the rounds that it disturbed least. What is lost counts in all.
"""

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from hub.bench.asking import ask
from hub.bench.load import Load, Target, hub_target
from hub.bench.processes import ELSEWHERE, serving
from hub.bench.result import Result, median
from hub.bench.rival import Rival, fresh_hub, rivals, started
from hub.bench.run import Tell, check, measure, run
from hub.bench.stolen import is_wanting
from hub_client.address import Address

HUB = "hub"
Telling = Callable[[str], contextlib.AbstractContextManager[Tell]]


class Row(msgspec.Struct):
    """Medians of one server; the ratios are the hub's figure to this one's.

    What is not known is None: where a process is not ours to see, or nothing came.

    Attributes:
        connection_bytes: Of the round that needed most.
        lost: Deliveries, over all rounds.
        sound: Everything came, once and in order, in every round.
        rounds: How many there were, those that were done again included.
        stolen: Share of the machine that its host took in the worst round that counts, 0 to 1.
    """

    server: str
    events_per_s: float
    deliveries_per_s: float
    delivery_cpu_us: float | None
    accept_cpu_us: float | None
    connection_bytes: float | None
    p50_ms: float | None
    p99_ms: float | None
    lost: int
    sound: bool
    rounds: int
    stolen: float
    cpu_ratio: float | None = None
    p99_ratio: float | None = None


class Comparison(msgspec.Struct):
    """What a comparison found.

    Attributes:
        rows: The hub first.
        skipped: Why a server is not among them, by its name.
        results: Every round, by server.
    """

    rows: list[Row]
    skipped: dict[str, str]
    results: dict[str, list[Result]]

    @property
    def sound(self) -> bool:
        """The hub delivered everything, once and in order."""
        return self.rows[0].sound

    def row(self, server: str) -> Row | None:
        """Return the row of a server, if it took part."""
        return next((row for row in self.rows if row.server == server), None)


def compare(url: str | None, channel: str, load: Load, rounds: int, telling: Telling) -> Comparison:
    """Measure a hub and whatever else is there, in turns.

    Args:
        url: The hub's address; None starts a fresh one, durable as always.
        channel: Where the hub's events go.
        load: The load.
        rounds: How often each is measured undisturbed; twice as often at most.
        telling: Opens a way to tell of the progress of one run.

    Raises:
        ValueError: The address is none.
        hub_client.HubError: The hub does not answer, or refuses.
        Unavailable: A server does not start, or lets connections not in.
    """
    if url is not None:
        _check_here(url)
    others = rivals()
    skipped = {each.name: why for each in others if (why := each.missing())}
    present = [each for each in others if each.name not in skipped]
    results: dict[str, list[Result]] = {name: [] for name in (HUB, *(r.name for r in present))}
    with _running(url, channel, present) as targets:
        while wanted := [name for name in targets if _is_wanting(results[name], rounds)]:
            for name in wanted:
                asked = targets[name]()
                check(asked, load)
                with telling(_title(name, len(results[name]), rounds)) as tell:
                    results[name].append(run(measure(asked, load, tell)))
    return Comparison(rows(results, rounds), skipped, results)


def rows(results: Mapping[str, Sequence[Result]], rounds: int) -> list[Row]:
    """Return the medians of each server, and the hub's ratios to the others."""
    found = [_row(name, runs, rounds) for name, runs in results.items()]
    hub, *others = found
    for other in others:
        other.cpu_ratio = _ratio(hub.delivery_cpu_us, other.delivery_cpu_us)
        other.p99_ratio = _ratio(hub.p99_ms, other.p99_ms)
    return found


def _check_here(url: str) -> None:
    target = hub_target(Address(url, None, {}), HUB)
    server = serving(target.host, target.port)
    if isinstance(server, str) and server == ELSEWHERE:
        raise ValueError(f"expected a hub on this machine, where the others run, got {url}")


@contextlib.contextmanager
def _running(
    url: str | None, channel: str, present: Sequence[Rival]
) -> Iterator[dict[str, Callable[[], Target]]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_on_disk())))
        address = url or stack.enter_context(fresh_hub(folder / HUB))
        # Asked anew each time: its offsets go on.
        targets: dict[str, Callable[[], Target]] = {HUB: lambda: ask(address, channel)}
        for each in present:
            target = stack.enter_context(started(each, folder / each.name.replace(" ", "-")))
            targets[each.name] = lambda target=target: target  # type: ignore[misc]
        yield targets


def _on_disk() -> str | None:
    # /tmp is memory on many systems: a commit there would cost nothing.
    place = Path("/var/tmp")  # noqa: S108 a folder of its own is made in it
    return str(place) if place.is_dir() else None


def _is_wanting(runs: Sequence[Result], rounds: int) -> bool:
    return is_wanting([each.stolen for each in runs], rounds)


def _title(name: str, before: int, rounds: int) -> str:
    if before < rounds:
        return f"round {before + 1} of {rounds}, {name}"
    return f"a disturbed round again, {name}"


def _row(name: str, runs: Sequence[Result], rounds: int) -> Row:
    least = sorted(runs, key=lambda each: each.stolen)[:rounds]
    usages = [each.usage for each in least if each.usage is not None]
    took = [each.latency_ms for each in least if each.latency_ms is not None]
    return Row(
        server=name,
        events_per_s=statistics.median([each.events_per_s for each in least]),
        deliveries_per_s=statistics.median([each.deliveries_per_s for each in least]),
        delivery_cpu_us=median([each.delivery_cpu_us for each in usages]),
        accept_cpu_us=median([each.accept_cpu_us for each in usages]),
        # Later rounds find the memory that the first one has left.
        connection_bytes=max(
            (each.usage.connection_bytes for each in runs if each.usage), default=None
        ),
        p50_ms=median([each.p50 for each in took]),
        p99_ms=median([each.p99 for each in took]),
        lost=sum(each.lost for each in runs),
        sound=all(each.sound for each in runs),
        rounds=len(runs),
        stolen=max((each.stolen for each in least), default=0.0),
    )


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return round(ours / theirs, 3) if ours and theirs else None
