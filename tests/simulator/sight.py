"""The sight: what of a channel a reader has asked to see, and what it is owed of that."""

from collections.abc import Sequence
from random import Random
from typing import Any

from simulator.content import Content, content, states
from simulator.violation import Violation

Where = dict[str, Any]
# A filter and a rate; None is for all.
Wish = tuple[Where | None, float | None]

_WHERES: tuple[Where, ...] = (
    {"mod": 0},
    # One of 39: most of the time nothing of it has come since a reader began.
    {"mod": 0, "status": "DONE"},
    {"mod": [1, 2], "status": "RUNNING"},
    {"type": "order_placed", "entity": [1, 2, 3]},
)
# The slowest first: others wait for it.
_RATES_HZ = (0.4, 3, 50)


class Sight:
    """What a reader sees: every event, those that match, or the newest of each entity.

    Args:
        where: As the command has it; None for every event.
        max_hz: Of a conflation; None for every event.

    Attributes:
        owed: Entities of which something was left out for what is newer.
    """

    def __init__(self, where: Where | None = None, max_hz: float | None = None) -> None:
        self.owed: set[int | None] = set()
        self.left_out = 0
        self._where = where
        self._max_hz = max_hz

    def __str__(self) -> str:
        return "" if self.whole else f"{self.fields}"

    @property
    def whole(self) -> bool:
        """Say whether nothing is left out."""
        return self._where is None and not self.conflates

    @property
    def conflates(self) -> bool:
        """Say whether what is older is left out."""
        return self._max_hz is not None

    @property
    def fields(self) -> dict[str, Any]:
        """Return what the subscribe says of it."""
        fields: dict[str, Any] = {}
        if self._where is not None:
            fields["where"] = self._where
        if self._max_hz is not None:
            fields["conflate"] = {"key": "entity", "max_hz": self._max_hz}
        return fields

    def shows(self, one: Content) -> bool:
        """Say whether the filter lets it through."""
        facts = one.facts()
        return all(
            name in facts
            and (facts[name] in values if isinstance(values, list) else facts[name] == values)
            for name, values in (self._where or {}).items()
        )

    def states(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return the items of a snapshot."""
        return [one.data() for one in states(numbers) if self.shows(one)]

    def pass_over(self, passed: Sequence[int], ahead: Sequence[int]) -> None:
        """Judge that some events do not come.

        Args:
            passed: Their numbers, in order.
            ahead: Numbers of those that come after them, as far as the node knows.

        Raises:
            Violation: One of them should have come.
        """
        shown = [one for one in map(content, passed) if self.shows(one)]
        if not shown:
            return
        self.left_out += len(shown)
        newer = {one.entity for one in map(content, ahead) if self.shows(one)}
        for one in reversed(shown):
            if not self.conflates or one.stays or one.entity not in newer:
                raise Violation(f"expected {one}, or newer of the same if {self.fields} allows it")
        self.owed.update(one.entity for one in shown)

    def see(self, number: int) -> None:
        """Take an event that has come.

        Raises:
            Violation: It should not have.
        """
        one = content(number)
        if not self.shows(one):
            raise Violation(f"expected events of {self.fields}, got {one}")
        self.owed.discard(one.entity)

    def forget(self) -> None:
        """Nothing is owed of what was said to be gone, or came as a snapshot."""
        self.owed.clear()


def any_sights(random: Random) -> Sequence[Wish]:
    """Return what the readers of a world ask for: few, so that some ask for the same."""
    return [(None, None), *(_any_wish(random) for _ in range(2))]


def _any_wish(random: Random) -> Wish:
    filters, thins = random.random() < 0.5, random.random() < 0.6
    return (
        random.choice(_WHERES) if filters else None,
        random.choice(_RATES_HZ) if thins else None,
    )
