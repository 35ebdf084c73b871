"""A run: one seed, so many steps, and what came of it."""

from collections.abc import Sequence
from typing import NamedTuple

from simulator.acts import ACTS
from simulator.faults import FAULTS, RESTORE_EVERY, restore
from simulator.trace import Trace
from simulator.violation import Violation
from simulator.world import Act, World

# How often a kind of fault happens in a run: never, or by so much; and the same of other acts.
_HARSHNESS = (0, 0, 1, 2, 4)
_LIVELINESS = (1, 3, 3, 9)
_COMMAND = "PYTHONPATH=tests:.:clients/python/src python -m simulator"


class Outcome(NamedTuple):
    """What a run came to.

    Attributes:
        seen: Events that clients saw.
        gaps: Gaps that were said to them.
        failure: The promise that was broken, and by whom; None if all held.
    """

    seed: int
    steps: int
    seen: int
    gaps: int
    trace: Trace
    failure: Exception | None

    def __str__(self) -> str:
        return (
            f"seed {self.seed}, {self.steps} steps: clients saw {self.seen} events and "
            f"{self.gaps} said gaps, digest {self.trace.digest:08x}"
        )

    @property
    def report(self) -> str:
        """Return what one needs to see a failure again."""
        return "\n".join(
            [
                *self.trace.last,
                f"{type(self.failure).__name__}: {self.failure}",
                f"{self}; {self.trace.steps} steps were taken, the last ones are above. Again:",
                f"{_COMMAND} --seed {self.seed} --steps {self.steps}",
            ]
        )


def run(seed: int, steps: int) -> Outcome:
    """Run a world for so many steps, then calm it down.

    An event loop must be running; nothing is ever waited for on it.
    """
    world = World(seed)
    choices = _choices(world)
    failure: Exception | None = None
    try:
        for _ in range(steps):
            _step(world, choices)
        world.calm()
    except Exception as broken:  # noqa: BLE001 it is reported, with the seed
        failure = broken
    for node in tuple(world.nodes):
        world.kill(node)
    readers = [reader for client in world.clients for reader in client.readers.values()]
    world.trace.add("end", " ".join(map(str, readers)))
    seen, gaps = sum(r.seen for r in readers), sum(r.gaps for r in readers)
    return Outcome(seed, steps, seen, gaps, world.trace, failure)


def _choices(world: World) -> Sequence[Act]:
    """Let every seed have a life of its own: some things happen often, some faults never."""
    choices: list[Act] = []
    for act, weight in ACTS:
        choices += [act] * (weight * world.random.choice(_LIVELINESS))
    for act, weight in FAULTS:
        choices += [act] * (weight * world.random.choice(_HARSHNESS))
    return choices


def _step(world: World, choices: Sequence[Act]) -> None:
    act = world.random.choice(choices)
    if world.random.randrange(RESTORE_EVERY) == 0:
        act = restore
    try:
        detail = act(world)
    except Violation:
        world.trace.add(act.__name__, "broke a promise")
        raise
    world.trace.add(act.__name__, detail)
