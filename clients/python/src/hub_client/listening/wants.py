"""What a caller of `listen` asked for, checked before any connection is made."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from hub_client.position import Position

OnGap = Literal["raise", "snapshot", "skip"]
Where = Mapping[str, Sequence[str | int | float | bool]]

DEFAULT_CHANNELS = ("contracts", "jobs")


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of one `listen`.

    Attributes:
        channels: At least one, each once.
        since: Resume behind it; channels it does not name begin as if it was not given.
        history: The last so many events of each channel first.
        snapshot: The state of every entity first, as one `Snapshot` a channel.
        where: Any-of per field, for every channel.
        on_gap: raise `HistoryGap`, reload by snapshot, or skip what is gone.
    """

    channels: tuple[str, ...]
    since: Position
    history: int | None = None
    snapshot: bool = False
    where: Where | None = None
    on_gap: OnGap = "raise"


def wants(
    channels: Sequence[str],
    *,
    since: str | None,
    history: int | None,
    snapshot: bool,
    where: Where | None,
    on_gap: OnGap,
) -> Wants:
    """Return the checked arguments; no channels means contracts and jobs.

    Raises:
        ValueError: `since` is no position of these channels, `on_gap` is no
            known word, or both `history` and `snapshot` were asked for.
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
        where=where,
        on_gap=on_gap,
    )
