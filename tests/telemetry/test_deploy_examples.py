"""The examples for Prometheus and Grafana: they ask for metrics that there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from hub.telemetry.metric import Metric
from hub.telemetry.reading import METRICS

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"
RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "hub.rules.yml").read_text())
SCRAPE: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "hub.json").read_text())
# Prometheus' own, `rule_group` and `rule` of its configuration.
GROUP_FIELDS = {"name", "interval", "rules"}
ALERT_FIELDS = {"alert", "expr", "for", "labels", "annotations"}
RECORD_FIELDS = {"record", "expr"}
DURATION = re.compile(r"[1-9][0-9]*[smhd]")
NAMES = {metric.name: metric for metric in METRICS.values()}
OF_ALL = {"job", "instance", "worker", "le"}


def rules() -> list[dict[str, Any]]:
    """Return every rule."""
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def questions() -> Iterator[str]:
    """Return every expression of the rules and of the dashboard."""
    yield from (rule["expr"] for rule in rules())
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def asked(name: str) -> Metric | None:
    """Return the metric of a series; None when there is none."""
    metric = NAMES.get(name)
    if metric is not None:
        return None if metric.kind == "histogram" else metric
    parent = NAMES.get(re.sub(r"_(bucket|sum|count)\Z", "", name))
    return parent if parent is not None and parent.kind == "histogram" else None


@pytest.mark.parametrize("question", sorted(set(questions())))
def test_a_question_is_about_metrics_that_there_are(question: str) -> None:
    """With labels that they have; a panel that stays empty is found when it is needed."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    names = set(re.findall(r"\bhub[_:][a-z0-9_:]+", question)) - recorded
    metrics = [asked(name) for name in names]

    assert None not in metrics, names
    known = {label for metric in metrics if metric is not None for label in metric.labels}
    by = [label for some in re.findall(r"by \(([^)]*)\)", question) for label in some.split(", ")]
    selected = re.findall(r"[{,]\s*([a-z_]+)=", question)
    assert {*by, *selected} <= known | OF_ALL


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_is_one_that_prometheus_takes(rule: dict[str, Any]) -> None:
    """Its fields and no others; an alert says what is the matter, and how bad it is."""
    if "record" in rule:
        assert set(rule) == RECORD_FIELDS
        return
    assert ALERT_FIELDS - {"for"} <= set(rule) <= ALERT_FIELDS
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description"}


def test_a_rule_has_a_name_of_its_own() -> None:
    """Two of one name could not be silenced apart."""
    names = [rule.get("alert") or rule["record"] for rule in rules()]

    assert len(set(names)) == len(names)
    assert all(set(group) <= GROUP_FIELDS for group in RULES["groups"])


def test_prometheus_is_told_where_the_rules_and_the_numbers_are() -> None:
    """The files lie beside each other, and the job has the name that the rules ask for."""
    (scrape,) = SCRAPE["scrape_configs"]

    assert all((DEPLOY / "prometheus" / name).is_file() for name in SCRAPE["rule_files"])
    assert (scrape["job_name"], scrape["metrics_path"]) == ("hub", "/metrics")


def test_every_metric_is_seen_on_the_dashboard() -> None:
    """What nobody looks at need not be measured; the version and the workers aside."""
    text = " ".join(questions())

    unseen = [name for name in NAMES if not re.search(rf"\b{name}\b|\b{name}_", text)]

    assert unseen == ["hub_info", "hub_workers"]


def test_no_panel_covers_another() -> None:
    """They lie in a grid of 24 columns; each has an id of its own."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells

    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
