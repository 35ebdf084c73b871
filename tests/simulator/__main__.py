"""`python -m simulator`: run seeds, and replay the one that failed."""

import argparse
import asyncio
import sys

from simulator.run import Outcome, run

_EXAMPLE = """\
example:
  PYTHONPATH=tests:.:clients/python/src python -m simulator --seed 42 --steps 10000
"""


def main() -> int:
    """Run, print, and say by the exit code whether every promise held."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Drive several nodes, a log, a broker and clients through faults that a seed "
        "decides, and judge what every client saw. The same seed does the same again.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="the (first) seed (default: 1)")
    parser.add_argument("--steps", type=int, default=10_000, help="of a seed (default: 10000)")
    parser.add_argument("--seeds", type=int, default=1, help="how many in a row (default: 1)")
    parser.add_argument("--trace", action="store_true", help="print the last steps in any case")
    asked = parser.parse_args()
    return asyncio.run(_run(asked))


async def _run(asked: argparse.Namespace) -> int:
    for seed in range(asked.seed, asked.seed + asked.seeds):
        outcome = run(seed, asked.steps)
        if outcome.failure is not None:
            _say(outcome.report)
            return 1
        _say(str(outcome))
        if asked.seeds == 1:
            _summarise(outcome, lines=asked.trace)
    return 0


def _summarise(outcome: Outcome, *, lines: bool) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in outcome.trace.counts.most_common())
    _say(f"steps taken: {counts}")
    if lines:
        _say("\n".join(outcome.trace.last))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
