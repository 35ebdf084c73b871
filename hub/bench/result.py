"""What one load found."""

import statistics
from collections.abc import Sequence

import msgspec

from hub.bench.load import Load
from hub.bench.order import Latency


class Usage(msgspec.Struct):
    """What the server used.

    Attributes:
        accept_cpu_us: Processor time of letting one connection in, its welcome included.
        delivery_cpu_us: Processor time of one delivery, its share of taking events included.
        cores: Processors that it kept busy while events flowed.
        memory_bytes: After the load.
        connection_bytes: Memory that one connection added, before the first event.
    """

    accept_cpu_us: float
    delivery_cpu_us: float
    cores: float
    memory_bytes: int
    connection_bytes: float


class Result(msgspec.Struct):
    """One run.

    Attributes:
        server: Its name.
        connect_s: Seconds until all connections stood.
        events: Posts that were answered 2xx.
        deliveries: Events that came to subscribers.
        latency_ms: From the post to the socket, on the sample; None when nothing came.
        sampled: Subscribers in the sample.
        lost: Deliveries that never came, over all connections.
        surplus: Deliveries more than were posted: doubled, or somebody else publishes there.
        duplicated: Events that came twice to the sample.
        reordered: Events that came late to the sample.
        ended: Connections that the server ended, by close code.
        failures: Publishers that ended before their time, and why.
        usage: What the server used; None when it cannot be told, see `unknown`.
        client_cores: Processors that the load generator itself kept busy.
        stolen: Share of this machine that its host took meanwhile, 0 to 1; see `stolen`.
    """

    server: str
    connections: int
    publishers: int
    rate: float
    frame_bytes: int
    seconds: float
    connect_s: float
    events: int
    events_per_s: float
    deliveries: int
    deliveries_per_s: float
    latency_ms: Latency | None
    sampled: int
    lost: int
    surplus: int
    duplicated: int
    reordered: int
    ended: dict[int, int]
    failures: list[str]
    usage: Usage | None
    unknown: str
    client_cores: float
    stolen: float = 0.0

    @property
    def sound(self) -> bool:
        """Everything came, once, in order, to everybody."""
        faults = self.lost + self.surplus + self.duplicated + self.reordered
        return not (faults or self.failures or self.ended)


def late(result: Result, load: Load) -> bool:
    """Say whether the server could not follow the rate that was asked for."""
    return bool(load.rate) and result.events < 0.98 * load.rate * load.duration - load.publishers


def median(values: Sequence[float]) -> float | None:
    """Return the median; None of nothing."""
    return float(statistics.median(values)) if values else None
