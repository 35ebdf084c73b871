"""Stolen time: what the host of a virtual machine took of its processors for others.

It stretches what is measured meanwhile, and counts as processor time of whoever was stopped by it
(`st` of vmstat; proc_stat(5)). Two programs of which one met it cannot be compared.
"""

from collections.abc import Sequence
from pathlib import Path

# More makes a figure a poor one: at 15 % the same program took three times as long here.
CALM = 0.05
_STAT = Path("/proc/stat")
# user, nice, system, idle, iowait, irq, softirq, steal; guests are counted as users too.
_FIELDS = 8
_STEAL = 7


def is_wanting(shares: Sequence[float], rounds: int, *, times: int = 2) -> bool:
    """Say whether to measure again: not undisturbed in so many rounds yet, nor `times` as often.

    Args:
        shares: What was stolen of each round so far.
        rounds: How many should be undisturbed.
        times: How often that number is enough in all.
    """
    return len(shares) < times * rounds and sum(share <= CALM for share in shares) < rounds


class Stolen:
    """The share that is stolen from now on."""

    def __init__(self, stat: Path = _STAT) -> None:
        self._stat = stat
        self._before = _read(stat)

    def share(self) -> float:
        """Return it, 0 to 1; 0 where the system does not tell."""
        steal, total = (
            now - then for now, then in zip(_read(self._stat), self._before, strict=True)
        )
        return steal / total if total else 0.0


def _read(stat: Path) -> tuple[int, int]:
    try:
        line, _, _ = stat.read_text().partition("\n")
    except OSError:
        return 0, 0
    ticks = [int(field) for field in line.split()[1 : _FIELDS + 1]]
    return (ticks[_STEAL] if len(ticks) == _FIELDS else 0), sum(ticks)
