"""A metric, and the samples that it is told by."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from hub.telemetry.histogram import Histogram

Number = int | float | Histogram
Labels = str | tuple[str, ...]
# One number, or several that are told apart by their labels.
Value = Number | Mapping[str, Number] | Mapping[tuple[str, ...], Number]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One number of a metric, of the values of its labels; plain enough to send to a neighbour.

    Attributes:
        labels: In the order in which the metric names them.
        value: The number; of a histogram the sum.
        counts: Of a histogram: how many values lie in each bucket, and above.
    """

    labels: tuple[str, ...]
    value: float
    counts: tuple[int, ...] = ()


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: As Prometheus knows it.
        kind: A counter only grows while the process lives.
        meaning: One line for people; stands in the answer too.
        labels: What its numbers are told apart by, if there are several. Their values are few and
            known beforehand, for each is a series that Prometheus keeps.
        bounds: Of a histogram: the highest value of each bucket.
    """

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    meaning: str
    labels: Sequence[str] = ()
    bounds: Sequence[float] = ()


def samples(value: Value) -> list[Sample]:
    """Return the numbers of a metric."""
    if not isinstance(value, Mapping):
        return [_sample((), value)]
    return [
        _sample((labels,) if isinstance(labels, str) else labels, number)
        for labels, number in value.items()
    ]


def _sample(labels: tuple[str, ...], number: Number) -> Sample:
    if isinstance(number, Histogram):
        return Sample(labels, number.total, tuple(number.counts))
    return Sample(labels, number)
