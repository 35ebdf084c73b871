"""What every store of replays promises; `tests/contracts/test_webhooks*.py` hold them to it."""

from collections.abc import Sequence
from typing import Protocol

from hub.model.delivery import Body, NewDelivery
from hub.model.replay import Replay


class Replays(Protocol):
    """The replays, which go on where they were after any crash."""

    async def add_replay(self, replay: Replay) -> None:
        """Keep one."""
        ...

    async def replay(self, replay_id: str) -> Replay | None:
        """Return one, or None."""
        ...

    async def replays(self, limit: int, *, running: bool = False) -> Sequence[Replay]:
        """Return a page, newest first."""
        ...

    async def cancel_replay(self, replay_id: str, now_us: int) -> Replay | None:
        """End one that runs; what it has made due stays due. Return it as it is then."""
        ...

    async def replay_step(
        self, replay: Replay, then: Replay, again: Sequence[str], new: Sequence[NewDelivery],
        bodies: Sequence[Body],
    ) -> bool:  # fmt: skip
        """Send deliveries again and make new ones, and note how far it has come.

        False, and nothing is done: it has come farther, or has ended, by somebody else. A new one
        whose pair has a delivery already is sent again instead, if it has ended or is held; none
        is made for an endpoint that is no more.
        """
        ...

    async def forget_replays(self, before_us: int, limit: int) -> int:
        """Forget replays that ended before a time, at most `limit`; return how many."""
        ...
