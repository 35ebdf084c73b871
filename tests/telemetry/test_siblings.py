"""Siblings: one scrape tells the numbers of all workers behind a port."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.telemetry import siblings
from hub.telemetry.histogram import QUICK_S, Histogram
from hub.telemetry.metric import Number, samples
from hub.telemetry.metrics import Exposition
from hub.telemetry.reading import METRICS, Reading
from hub.telemetry.siblings import Workers
from support.metrics import numbers


def exposition(connections: int, workers: Workers) -> Exposition:
    """Return the metrics of a worker with so many sockets and one commit."""
    commits = Histogram(QUICK_S)
    commits.observe(0.002)
    some: dict[str, Any] = {"connections": connections, "commits": commits}
    nothing: dict[str, Any] = {
        field: {} if one.labels else Histogram(one.bounds) if one.bounds else 0
        for field, one in METRICS.items()
    }
    return Exposition(lambda: Reading(**{**nothing, **some}), workers)


async def test_whoever_is_asked_tells_of_all(tmp_path: Path) -> None:
    """Each number has the worker's name, which its next life has again."""
    workers = [Workers(tmp_path / f"{n}.sock") for n in range(3)]
    expositions = [exposition(n + 5, one) for n, one in enumerate(workers)]
    for opening, mine in zip(workers, expositions, strict=True):
        await opening.open(mine.told)

    told = [numbers((await asked.text()).decode()) for asked in expositions]

    for scrape in told:
        assert [scrape[f"hub_connections {n}"] for n in range(3)] == [5, 6, 7]
        assert scrape["hub_commit_seconds_count 2"] == 1
    for closing in workers:
        await closing.close()
    assert not any((tmp_path / f"{n}.sock").exists() for n in range(3))


async def test_a_worker_that_was_killed_is_not_told(tmp_path: Path) -> None:
    """Its socket is left and answers nobody; its next life takes the place."""
    living, dead = Workers(tmp_path / "0.sock"), Workers(tmp_path / "1.sock")
    await dead.open(exposition(9, dead).told)
    assert dead._server is not None
    dead._server.close()
    mine = exposition(1, living)

    without = numbers((await mine.text()).decode())
    reborn = Workers(tmp_path / "1.sock")
    await reborn.open(exposition(2, reborn).told)
    again = numbers((await mine.text()).decode())

    assert ("hub_connections 1" in without, again["hub_connections 1"]) == (False, 2)
    await reborn.close()


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(None, id="nothing for ever"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xc1", id="what nobody can read"),
        pytest.param(b"\x90", id="something else"),
    ],
)
async def test_a_worker_that_does_not_say_its_numbers_is_left_out(
    tmp_path: Path, says: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs must not make all of them unseen."""
    monkeypatch.setattr(siblings, "WITHIN_S", 0.05)
    over = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says is None:
            await over.wait()
        else:
            writer.write(says)
        writer.close()

    server = await asyncio.start_unix_server(answer, tmp_path / "1.sock")
    living = Workers(tmp_path / "0.sock")

    told = numbers((await exposition(4, living).text()).decode())

    assert (told["hub_connections 0"], "hub_connections 1" in told) == (4, False)
    over.set()
    server.close()
    await server.wait_closed()


async def test_a_folder_that_is_gone_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Metrics are not what a hub is for: it goes without its siblings'."""
    workers = Workers(tmp_path / "gone" / "0.sock")
    mine = exposition(3, workers)

    await workers.open(mine.told)

    assert numbers((await mine.text()).decode())["hub_connections 0"] == 3
    await workers.close()


def test_what_is_sent_is_what_is_told() -> None:
    """A reading goes through the wire's words and comes back the same."""
    seconds = Histogram(QUICK_S)
    seconds.observe(3.0)
    ended: dict[tuple[str, ...], Number] = {("x", "2xx"): 4}
    told = {"a": samples(ended), "b": samples(seconds), "c": samples(1.5)}

    assert siblings._decode(siblings._encode(told)) == told
