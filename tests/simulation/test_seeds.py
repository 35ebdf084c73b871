"""The promise of the product on several nodes, with everything going wrong that can."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.run import run

ROOT = Path(__file__).parent.parent.parent
BLOCKS, SEEDS, STEPS = 10, 200, 160
LONG_BLOCKS, LONG_SEEDS, LONG_STEPS = 4, 12, 5_000


@pytest.mark.parametrize("block", range(BLOCKS), ids=lambda block: f"seeds from {block * SEEDS}")
async def test_each_offset_comes_once_in_order_or_as_a_said_gap(block: int) -> None:
    """Whatever is lost, doubled, late or dead; and in the end every client is at the head.

    Filtered clients get all that matches, conflated ones the newest of each entity and every end.
    """
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        outcome = run(seed, STEPS)

        assert outcome.failure is None, "\n" + outcome.report


@pytest.mark.parametrize(
    "block", range(LONG_BLOCKS), ids=lambda block: f"seeds from {block * LONG_SEEDS}"
)
async def test_a_long_life_keeps_the_promise_too(block: int) -> None:
    """Faults add up: rings turn over, epochs follow each other, nodes come and go."""
    seen = gaps = 0
    for seed in range(block * LONG_SEEDS, (block + 1) * LONG_SEEDS):
        outcome = run(seed, LONG_STEPS)
        seen, gaps = seen + outcome.seen, gaps + outcome.gaps

        assert outcome.failure is None, "\n" + outcome.report
    # A simulation in which hardly anything happens would prove nothing.
    assert seen > 200 * LONG_SEEDS
    assert gaps > LONG_SEEDS


def test_the_same_seed_does_the_same_in_another_process() -> None:
    """A failure that cannot be seen again cannot be mended."""
    asked = (sys.executable, "-m", "simulator", "--seed", "7", "--steps", "3000", "--trace")
    paths = os.pathsep.join(str(ROOT / part) for part in ("tests", ".", "clients/python/src"))

    said = [
        subprocess.run(
            asked,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]

    first, second = said
    assert first == second
    assert first.startswith("seed 7, 3000 steps: clients saw")


async def test_other_seeds_do_other_things() -> None:
    """A thousand seeds that did the same would be one."""
    digests = {run(seed, 100).trace.digest for seed in range(20)}

    assert len(digests) == 20
