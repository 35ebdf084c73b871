"""Attendance: who follows each channel on this node, and how far the last of them is behind."""

from collections.abc import Mapping
from typing import NamedTuple

from hub.realtime.connections import Connections
from hub.realtime.fanout import Fanout


class Attendance(NamedTuple):
    """Of one channel.

    Attributes:
        head: Its newest offset that this node knows; None where it is volatile.
        followers: Clients that follow it.
        late: Those of them that miss something.
        behind: Events that the last of them is behind.
    """

    head: int | None
    followers: int = 0
    late: int = 0
    behind: int = 0


def attendance(fanout: Fanout, connections: Connections) -> Mapping[str, Attendance]:
    """Return it of every channel. Clients are looked at one by one only if some are late."""
    found = {name: Attendance(feed.head) for name, feed in fanout.feeds.items()}
    found |= {name: Attendance(None) for name in fanout.volatile}
    late = {}
    for name, count in fanout.interest.followers.items():
        feed = fanout.feeds.get(name) or fanout.volatile.get(name)
        if feed is not None:
            late[name] = max(0, count - len(feed.live))
            found[name] = found[name]._replace(followers=count, late=late[name])
    if any(late.values()):
        behind = _behind(connections)
        for name, count in late.items():
            if count:
                found[name] = found[name]._replace(behind=behind.get(name, 0))
    return found


def _behind(connections: Connections) -> Mapping[str, int]:
    most: dict[str, int] = {}
    for connection in connections.open():
        for name, followed in connection.subscriptions.items():
            most[name] = max(most.get(name, 0), followed.behind)
    return most
