"""Rights: which channels of this node a principal may follow, and what of them it is shown."""

from collections.abc import Iterable, Sequence

from hub.auth.policy import Deed, Verdict, demand, judge, owner_shown
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.realtime import filters
from hub.realtime.fanout import Fanout
from hub.realtime.filters import Filter


def check(principal: Principal, fanout: Fanout, channel: str) -> None:
    """Refuse a channel that a principal may not read.

    Raises:
        Forbidden: It may not; whether there is such a channel is not said.
    """
    demand(principal, _reading(fanout, channel))


def allowed(principal: Principal, fanout: Fanout, channels: Sequence[str]) -> Sequence[str]:
    """Return those of the channels that a principal may read."""
    return [
        channel
        for channel in channels
        if judge(principal, _reading(fanout, channel)) is Verdict.ALLOWED
    ]


def lost(
    principal: Principal, fanout: Fanout, channels: Iterable[str], before: Principal | None
) -> Sequence[str]:
    """Return those of the channels that a client may follow no longer, or not as it does.

    `before` is as whom it follows them; None: as the same.
    """
    return [
        channel
        for channel in channels
        if judge(principal, _reading(fanout, channel)) is not Verdict.ALLOWED
        or (
            before is not None
            and owner_shown(principal, channel) not in {None, owner_shown(before, channel)}
        )
    ]


def narrowed(principal: Principal, channel: str, where: Filter | None) -> Filter | None:
    """Return a client's filter, which lets through no more than the client is shown."""
    owner = owner_shown(principal, channel)
    return where if owner is None else filters.owned(where, owner)


def _reading(fanout: Fanout, channel: str) -> Deed:
    return Deed(EVENTS_READ, channel, fanout.readers(channel))
