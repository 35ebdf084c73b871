"""The exposition: a node's metrics in the words of Prometheus, when it asks.

Nothing is kept in this place. A scrape reads what the process knows at that moment, and what its
siblings behind the same port know, so a metric costs nothing between two scrapes and two nodes in
one process do not mix.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from hub.telemetry.metric import Metric, Sample, Value, samples
from hub.telemetry.reading import METRICS, Reading
from hub.telemetry.siblings import ALONE, Siblings, Told

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

Family = GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily
_FAMILIES: Mapping[str, type[Family]] = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "histogram": HistogramMetricFamily,
}
# Tells the processes behind one port apart; of a process that is alone no number has it.
WORKER = "worker"


class Exposition:
    """A node's metrics as Prometheus wants to read them.

    Args:
        read: Tells how the node is now; of a process that is no whole node, what there is.
        siblings: The other processes behind its port.
    """

    def __init__(
        self, read: Callable[[], Reading | Mapping[str, Value]], siblings: Siblings = ALONE
    ) -> None:
        self._read = read
        self._siblings = siblings

    def told(self) -> Told:
        """Return the numbers of this process alone, as its siblings get them."""
        read = self._read()
        reading = read._asdict() if isinstance(read, Reading) else read
        return {field: samples(reading[field]) for field in METRICS if field in reading}

    async def text(self) -> bytes:
        """Return all of them in the text format, of type `MEDIA_TYPE`."""
        others = await self._siblings.ask()
        return generate_latest(_Families({self._siblings.own: self.told(), **others}))


class _Families(Collector):
    """The numbers of several workers, by their names, as families of Prometheus' client."""

    def __init__(self, workers: Mapping[str, Told]) -> None:
        self._workers = workers

    def collect(self) -> Iterator[Family]:
        for field, metric in METRICS.items():
            told = {name: told[field] for name, told in self._workers.items() if field in told}
            if told:
                yield _family(metric, told)


def _family(metric: Metric, workers: Mapping[str, Sequence[Sample]]) -> Family:
    labels = [*metric.labels, *([] if "" in workers else [WORKER])]
    family = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=labels)
    for worker, some in workers.items():
        for sample in some:
            values = [*sample.labels, *([worker] if worker else [])]
            if isinstance(family, HistogramMetricFamily):
                family.add_metric(values, _cumulated(metric.bounds, sample.counts), sample.value)
            else:
                family.add_metric(values, sample.value)
    return family


def _cumulated(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return each bound with how many values are at most that."""
    buckets: list[tuple[str, float]] = []
    upto = 0
    for bound, count in zip((*map(str, bounds), "+Inf"), counts, strict=True):
        upto += count
        buckets.append((bound, upto))
    return buckets
