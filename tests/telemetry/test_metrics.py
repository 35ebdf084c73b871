"""Metrics: named well, once each, and told as Prometheus reads them."""

import re
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from hub.telemetry.metrics import METRICS, Exposition, Metric, Reading
from support.metrics import numbers


def reading(**numbers: Any) -> Reading:
    """Return a reading of a node that has nothing but these numbers."""
    nothing: dict[str, Any] = {field: {} if one.label else 0 for field, one in METRICS.items()}
    return Reading(**{**nothing, **numbers})


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_named_as_people_expect(metric: Metric) -> None:
    """Ours by its first word, a counter by its last; with one line that says what it counts."""
    assert re.fullmatch(r"hub(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert re.fullmatch(r"[^\n]{10,120}", metric.meaning)


def test_a_name_is_given_once() -> None:
    """Two metrics of one name would be one series that jumps."""
    names = [metric.name for metric in METRICS.values()]

    assert len(set(names)) == len(names)


def test_every_metric_is_told_with_its_kind_and_meaning() -> None:
    """Prometheus' own parser finds all of them, also where there is nothing to tell."""
    text = Exposition(reading).text().decode()

    # Its families of counters are named without the end.
    told = {
        (family.name.removesuffix("_total"), family.type, family.documentation)
        for family in text_string_to_metric_families(text)
    }
    assert told == {
        (one.name.removesuffix("_total"), one.kind, one.meaning) for one in METRICS.values()
    }


def test_numbers_are_those_of_the_moment() -> None:
    """Nothing is kept between two scrapes."""
    now = [reading(connections=1, subscriptions={"jobs": 2}), reading(connections=7)]
    exposition = Exposition(lambda: now.pop(0))

    first, second = (numbers(exposition.text().decode()) for _ in range(2))

    assert (first["hub_connections"], first["hub_subscriptions jobs"]) == (1, 2)
    assert (second["hub_connections"], "hub_subscriptions jobs" in second) == (7, False)


def test_two_nodes_in_one_process_do_not_mix() -> None:
    """Each has a registry of its own, and the one that everybody shares has nothing of ours."""
    one, two = (Exposition(partial(reading, nodes=count)) for count in (1, 2))

    told = [numbers(node.text().decode())["hub_nodes"] for node in (one, two)]

    assert told == [1, 2]
    assert not any(family.name.startswith("hub") for family in REGISTRY.collect())
