"""Metrics: named well, once each, and told as Prometheus reads them."""

import re
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from hub.telemetry.histogram import Histogram
from hub.telemetry.metric import Metric
from hub.telemetry.metrics import Exposition
from hub.telemetry.reading import METRICS, Reading
from support.metrics import numbers


def reading(**numbers: Any) -> Reading:
    """Return a reading of a node that has nothing but these numbers."""
    nothing: dict[str, Any] = {field: empty(metric) for field, metric in METRICS.items()}
    return Reading(**{**nothing, **numbers})


def empty(metric: Metric) -> Any:
    """Return what a metric is while nothing has happened."""
    if metric.labels:
        return {}
    return Histogram(metric.bounds) if metric.kind == "histogram" else 0


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_named_as_people_expect(metric: Metric) -> None:
    """Ours by its first word, a counter by its last; with one line that says what it counts."""
    assert re.fullmatch(r"hub(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert re.fullmatch(r"[^\n]{10,120}", metric.meaning)
    assert bool(metric.bounds) == (metric.kind == "histogram")


def test_a_name_is_given_once() -> None:
    """Two metrics of one name would be one series that jumps."""
    names = [metric.name for metric in METRICS.values()]

    assert len(set(names)) == len(names)


async def test_every_metric_is_told_with_its_kind_and_meaning() -> None:
    """Prometheus' own parser finds all of them, also where there is nothing to tell."""
    text = (await Exposition(reading).text()).decode()

    # Its families of counters are named without the end.
    told = {
        (family.name.removesuffix("_total"), family.type, family.documentation)
        for family in text_string_to_metric_families(text)
    }
    assert told == {
        (one.name.removesuffix("_total"), one.kind, one.meaning) for one in METRICS.values()
    }


async def test_numbers_are_those_of_the_moment() -> None:
    """Nothing is kept between two scrapes."""
    now = [reading(connections=1, subscriptions={"jobs": 2}), reading(connections=7)]
    exposition = Exposition(lambda: now.pop(0))

    first, second = [numbers((await exposition.text()).decode()) for _ in range(2)]

    assert (first["hub_connections"], first["hub_subscriptions jobs"]) == (1, 2)
    assert (second["hub_connections"], "hub_subscriptions jobs" in second) == (7, False)


async def test_two_nodes_in_one_process_do_not_mix() -> None:
    """Each has a registry of its own, and the one that everybody shares has nothing of ours."""
    one, two = (Exposition(partial(reading, nodes=count)) for count in (1, 2))

    told = [numbers((await node.text()).decode())["hub_nodes"] for node in (one, two)]

    assert told == [1, 2]
    assert not any(family.name.startswith("hub") for family in REGISTRY.collect())


async def test_a_histogram_is_told_by_what_is_at_most_each_bound() -> None:
    """A value that equals a bound lies under it, and one above all of them is counted too."""
    seconds = Histogram(METRICS["commits"].bounds)
    for value in (0.0005, 0.0006, 99.0):
        seconds.observe(value)

    told = numbers((await Exposition(lambda: reading(commits=seconds)).text()).decode())

    buckets = [told[f"hub_commit_seconds_bucket {bound}"] for bound in ("0.0005", "0.001", "+Inf")]
    assert buckets == [1, 2, 3]
    assert told["hub_commit_seconds_count"] == 3
    assert told["hub_commit_seconds_sum"] == pytest.approx(99.0011)


def test_values_that_are_the_same_can_be_counted_at_once() -> None:
    """The events of one flush are as late as each other."""
    seconds = Histogram((1.0, 2.0))

    seconds.observe(2.0, 3)

    assert (seconds.counts, seconds.total, seconds.count) == ([0, 3, 0], 6.0, 3)
