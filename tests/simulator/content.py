"""The content: what an event says, made of its number alone, so that the truth is a number."""

from collections.abc import Sequence
from typing import Any, NamedTuple

TYPE = "order_placed"
FINAL = "DONE"


class Content(NamedTuple):
    """What is in an event's data.

    Attributes:
        n: The event's number.
        mod: For filters.
        entity: For conflation; None when the event is of no entity.
        status: Final now and then.
    """

    n: int
    mod: int
    entity: int | None
    status: str

    def data(self) -> dict[str, Any]:
        """Return it as it is sent."""
        data = self._asdict()
        if self.entity is None:
            del data["entity"]
        return data

    def facts(self) -> dict[str, Any]:
        """Return what a filter may ask for."""
        return {**self.data(), "type": TYPE}

    @property
    def stays(self) -> bool:
        """Say whether no conflation may leave it out."""
        return self.entity is None or self.status == FINAL


def content(number: int) -> Content:
    """Return what the event of a number says."""
    return Content(
        n=number,
        mod=number % 3,
        entity=None if number % 17 == 0 else number * 7 % 5,
        status=FINAL if number % 13 == 0 else "RUNNING",
    )


def states(numbers: Sequence[int]) -> list[Content]:
    """Return the newest of every entity."""
    newest = {content(number).entity: content(number) for number in numbers}
    newest.pop(None, None)
    return [*newest.values()]
