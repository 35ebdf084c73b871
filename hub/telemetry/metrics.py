"""Metrics: each named once, here; what a node tells of itself when Prometheus asks.

Nothing is counted in this place. A scrape reads what the process knows at that moment, through one
collector on a registry of the node's own, so a metric costs nothing between two scrapes and two
nodes in one process do not mix. `docs/metrics.md` lists them; a test compares.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, NamedTuple, get_type_hints

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

ByLabel = Mapping[str, int]
Family = GaugeMetricFamily | CounterMetricFamily

_FAMILIES: Mapping[str, type[GaugeMetricFamily] | type[CounterMetricFamily]] = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
}


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: As Prometheus knows it.
        kind: A counter only grows while the process lives.
        meaning: One line for people; stands in the answer too.
        label: What its numbers are told apart by, if there are several. Its values are few and
            known beforehand, for each is a series that Prometheus keeps.
    """

    name: str
    kind: Literal["gauge", "counter"]
    meaning: str
    label: str = ""

    def family(self, value: int | ByLabel) -> Family:
        """Return it with its numbers."""
        family = _FAMILIES[self.kind](self.name, self.meaning, labels=(self.label,))
        numbers = value.items() if isinstance(value, Mapping) else [("", value)]
        for label, number in numbers:
            family.add_metric((label,) if self.label else (), number)
        return family


class Reading(NamedTuple):
    """What a node says of itself at one moment; each field's annotation is its metric."""

    info: Annotated[ByLabel, Metric("hub_info", "gauge", "The hub's version; always 1", "version")]
    broker_up: Annotated[
        int, Metric("hub_broker_up", "gauge", "1 while what this node announces comes back, else 0")
    ]
    broker_dropped: Annotated[
        int, Metric("hub_broker_dropped_total", "counter", "News that were not announced")
    ]
    nodes: Annotated[
        int, Metric("hub_nodes", "gauge", "Nodes that this one has heard of lately, and itself")
    ]
    connections: Annotated[int, Metric("hub_connections", "gauge", "Open WebSockets")]
    subscriptions: Annotated[
        ByLabel, Metric("hub_subscriptions", "gauge", "Clients that follow a channel", "channel")
    ]
    send_queue_bytes: Annotated[
        int,
        Metric("hub_send_queue_bytes", "gauge", "Bytes that wait in the buffers of all sockets"),
    ]
    slow_clients: Annotated[
        ByLabel,
        Metric(
            "hub_slow_clients_total",
            "counter",
            "Clients that were told that they are behind, by how they go on, or were closed for it",
            "step",
        ),
    ]
    channel_heads: Annotated[
        ByLabel,
        Metric(
            "hub_channel_head",
            "gauge",
            "Newest offset that this node knows of; of custom channels the sum",
            "channel",
        ),
    ]
    waiting_updates: Annotated[
        int, Metric("hub_waiting_updates", "gauge", "Updates that wait for the disk's next write")
    ]


METRICS: Mapping[str, Metric] = {
    field: hint.__metadata__[0]
    for field, hint in get_type_hints(Reading, include_extras=True).items()
}


class Exposition:
    """A node's metrics as Prometheus wants to read them.

    Args:
        read: Tells how the node is now.
    """

    def __init__(self, read: Callable[[], Reading]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Collector(read))

    def text(self) -> bytes:
        """Return all of them in the text format, of type `MEDIA_TYPE`."""
        return generate_latest(self._registry)


class _Collector:
    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read

    def collect(self) -> Iterator[Family]:
        reading = self._read()._asdict()
        for field, metric in METRICS.items():
            yield metric.family(reading[field])
