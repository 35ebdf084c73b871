"""Metrics as numbers: what `/metrics` says, read by Prometheus' own parser."""

from prometheus_client.parser import text_string_to_metric_families


def numbers(text: str) -> dict[str, float]:
    """Return each number by its name, `hub_connections` or `hub_subscriptions jobs`."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
