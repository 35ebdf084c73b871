"""A measurement in a quiet minute: again while the host of the machine takes part of it."""

from collections.abc import Callable
from typing import TypeVar

from rich.console import Console

from hub.bench.stolen import CALM, Stolen

T = TypeVar("T")
TRIES = 3


def calmly(measure: Callable[[], T], console: Console) -> T:
    """Return the least disturbed of at most three measurements; the first that is not at all."""
    found: list[tuple[float, T]] = []
    while len(found) < TRIES and not any(stolen <= CALM for stolen, _ in found):
        stolen = Stolen()
        value = measure()
        found.append((stolen.share(), value))
    least, value = min(found, key=lambda each: each[0])
    console.print(f"  {len(found)} tries, the host took {least:.0%}", style="dim")
    return value
