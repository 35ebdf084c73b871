"""What a caller of `listen` asked for, checked before any connection is made."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from hub_client.position import Position

OnGap = Literal["raise", "snapshot", "skip"]
Value = str | int | float | bool | None
Where = Mapping[str, Value | Sequence[Value]]
"""A field, and the value or values that it may have."""
Conflate = str | tuple[str, float]
"""The field that names an entity, and how often a second at most; 20 times if not said."""

DEFAULT_CHANNELS = ("contracts", "jobs")


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one `listen`.

    Attributes:
        channels: At least one, each once.
        since: Resume behind it; channels it does not name begin as if it was not given.
        history: The last so many events of each channel first.
        snapshot: The state of every entity first, as one `Snapshot` a channel.
        where: Any-of per field, for every channel.
        conflate: Only the newest event of each value of `key`, as the command says it.
        on_gap: raise `HistoryGap`, reload by snapshot, or skip what is gone.
    """

    channels: tuple[str, ...]
    since: Position
    history: int | None = None
    snapshot: bool = False
    where: dict[str, Any] | None = None
    conflate: dict[str, Any] | None = None
    on_gap: OnGap = "raise"

    @property
    def view(self) -> dict[str, Any]:
        """What of a channel is wanted, as the command says it; empty for all."""
        asked = {"where": self.where, "conflate": self.conflate}
        return {name: value for name, value in asked.items() if value is not None}


def wants(
    channels: Sequence[str],
    *,
    since: str | None,
    history: int | None,
    snapshot: bool,
    where: Where | None,
    conflate: Conflate | None,
    on_gap: OnGap,
) -> Wants:
    """Return the checked arguments; no channels means contracts and jobs.

    Raises:
        ValueError: `since` is no position of these channels, `on_gap` is no
            known word, both `history` and `snapshot` were asked for, or `where` or `conflate`
            is of another form.
    """
    names = tuple(dict.fromkeys(channels)) or DEFAULT_CHANNELS
    if on_gap not in get_args(OnGap):
        raise ValueError(f"expected on_gap of {get_args(OnGap)}, got {on_gap!r}")
    if history is not None and snapshot:
        raise ValueError("expected history or snapshot, got both")
    return Wants(
        channels=names,
        since=Position.parse(since, names) if since else Position({}),
        history=history,
        snapshot=snapshot,
        where=None if where is None else _where(where),
        conflate=None if conflate is None else _conflate(conflate),
        on_gap=on_gap,
    )


def _where(where: Any) -> dict[str, Any]:
    fields = where if isinstance(where, Mapping) else {}
    asked = {name: list(some) if isinstance(some, _MANY) else some for name, some in fields.items()}
    for some in asked.values() or [[]]:
        values = some if isinstance(some, list) else [some]
        if not values or not all(isinstance(value, _VALUE) for value in values):
            raise ValueError(
                'expected where of the form {"location": ["Chennai", "Mumbai"], '
                f'"status": "active"}}, got {where!r}'
            )
    return asked


_MANY = (list, tuple, set, frozenset)
_VALUE = (str, int, float, type(None))


def _conflate(conflate: Any) -> dict[str, Any]:
    match conflate:
        case str(key) if key:
            return {"key": key}
        case (str(key), int(rate) | float(rate)) if key and rate > 0:
            return {"key": key, "max_hz": rate}
    raise ValueError(f'expected conflate of the form "job_id" or ("job_id", 20), got {conflate!r}')
