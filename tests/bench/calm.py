"""Measurements in quiet minutes: again while the host of the machine takes part of it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from rich.console import Console

from hub.bench.stolen import Stolen, is_wanting

T = TypeVar("T")
# So often for each that is wanted, at most.
TRIES = 3


def calmly(
    measures: Mapping[str, Callable[[], T]], rounds: int, console: Console
) -> dict[str, list[T]]:
    """Measure in turns until each was undisturbed so often, and return those; else the least so."""
    found: dict[str, list[tuple[float, T]]] = {name: [] for name in measures}
    while wanted := [
        name
        for name in measures
        if is_wanting([share for share, _ in found[name]], rounds, times=TRIES)
    ]:
        for name in wanted:
            stolen = Stolen()
            value = measures[name]()
            found[name].append((stolen.share(), value))
            share = found[name][-1][0]
            console.print(f"  {name}: {value}, the host took {share:.0%}", style="dim")
    return {
        name: [value for _, value in sorted(seen, key=lambda each: each[0])[:rounds]]
        for name, seen in found.items()
    }
