"""Readings: a node's numbers, taken from where they are when somebody asks."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hub import __version__
from hub.brokers.base import Health
from hub.model.event import BUILT_IN_CHANNELS
from hub.realtime.fanout import Fanout
from hub.realtime.ladder import STEPS, Ladder
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from hub.telemetry.metrics import Reading

# All channels that are not built in, together: clients make as many as they like.
CUSTOM = "custom"


class Readings(NamedTuple):
    """What of a node has numbers."""

    broker: Callable[[], Health]
    nodes: Nodes
    fanout: Fanout
    ladder: Ladder
    publisher: Publisher

    def now(self) -> Reading:
        """Read them all."""
        health, nodes = self.broker(), self.nodes.present()
        live = nodes[self.nodes.own]
        return Reading(
            info={__version__: 1},
            broker_up=int(health.reaches),
            broker_dropped=health.dropped,
            nodes=len(nodes),
            connections=live.connections,
            subscriptions=bounded(live.subscriptions),
            send_queue_bytes=live.queued_bytes,
            slow_clients={step: self.ladder.steps[step] for step in STEPS},
            channel_heads=bounded(self.fanout.positions()),
            waiting_updates=self.publisher.waiting,
        )


def bounded(by_channel: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of the built-in channels, and the sum of all others under `custom`."""
    built_in = {channel: by_channel.get(channel, 0) for channel in BUILT_IN_CHANNELS}
    return {**built_in, CUSTOM: sum(by_channel.values()) - sum(built_in.values())}
