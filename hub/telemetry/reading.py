"""The reading: every metric, named once; what a node says of itself at one moment.

`docs/metrics.md` lists them; a test compares. Where each number comes from: `hub/readings.py`.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, get_type_hints

from hub.telemetry.histogram import LONG_S, QUICK_S, SIZES, WEBHOOK_S, Histogram
from hub.telemetry.metric import Metric

ByLabel = Mapping[str, int]
CHANNEL = ("channel",)


class Reading(NamedTuple):
    """What a node says of itself at one moment; each field's annotation is its metric."""

    info: Annotated[
        ByLabel, Metric("hub_info", "gauge", "The hub's version; always 1", ("version",))
    ]
    workers: Annotated[
        int, Metric("hub_workers", "gauge", "Always 1; the sum says how many processes are told")
    ]
    broker_up: Annotated[
        int, Metric("hub_broker_up", "gauge", "1 while what this node announces comes back, else 0")
    ]
    broker_dropped: Annotated[
        int, Metric("hub_broker_dropped_total", "counter", "News that were not announced")
    ]
    broker_round_trip: Annotated[
        float,
        Metric("hub_broker_round_trip_seconds", "gauge", "How long the last probe through it took"),
    ]
    broker_lag: Annotated[
        Histogram,
        Metric(
            "hub_broker_lag_seconds",
            "histogram",
            "From the time of an event to when this node heard of it from another",
            bounds=QUICK_S,
        ),
    ]
    nodes: Annotated[
        int, Metric("hub_nodes", "gauge", "Nodes that this one has heard of lately, and itself")
    ]
    connections: Annotated[int, Metric("hub_connections", "gauge", "Open WebSockets and streams")]
    subscriptions: Annotated[
        ByLabel, Metric("hub_subscriptions", "gauge", "Clients that follow a channel", CHANNEL)
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
            ("step",),
        ),
    ]
    events_in: Annotated[
        ByLabel,
        Metric("hub_events_in_total", "counter", "Events that this node has taken", CHANNEL),
    ]
    events_out: Annotated[
        ByLabel,
        Metric(
            "hub_events_out_total",
            "counter",
            "Events that were written to clients, once for each of them",
            CHANNEL,
        ),
    ]
    delivery: Annotated[
        Histogram,
        Metric(
            "hub_delivery_seconds",
            "histogram",
            "From the time of an event, taken as its commit begins, to the last socket's write",
            bounds=QUICK_S,
        ),
    ]
    recoveries: Annotated[
        ByLabel,
        Metric(
            "hub_recoveries_total",
            "counter",
            "Clients that came back with a position: recovered, or why not",
            ("outcome",),
        ),
    ]
    repairs: Annotated[
        ByLabel,
        Metric(
            "hub_repairs_total",
            "counter",
            "Holes in what a node hears: late news filled them, or the log was read",
            ("how",),
        ),
    ]
    channel_heads: Annotated[
        ByLabel,
        Metric(
            "hub_channel_head",
            "gauge",
            "Newest offset that this node knows of; of custom channels the sum",
            CHANNEL,
        ),
    ]
    waiting_updates: Annotated[
        int, Metric("hub_waiting_updates", "gauge", "Updates that wait for the disk's next write")
    ]
    commit_updates: Annotated[
        Histogram,
        Metric("hub_commit_updates", "histogram", "Updates in one transaction", bounds=SIZES),
    ]
    commits: Annotated[
        Histogram,
        Metric(
            "hub_commit_seconds",
            "histogram",
            "How long a transaction took to be on disk",
            bounds=QUICK_S,
        ),
    ]
    commit_failures: Annotated[
        int,
        Metric("hub_commit_failures_total", "counter", "Transactions that the log has not taken"),
    ]
    requests: Annotated[
        Mapping[tuple[str, ...], int],
        Metric(
            "hub_requests_total",
            "counter",
            "Requests, by the first digit of their status",
            ("route", "status"),
        ),
    ]
    request_seconds: Annotated[
        Mapping[str, Histogram],
        Metric(
            "hub_request_seconds",
            "histogram",
            "How long requests took, but for streams",
            ("route",),
            QUICK_S,
        ),
    ]
    auth_failures: Annotated[
        ByLabel,
        Metric(
            "hub_auth_failures_total",
            "counter",
            "Credentials that were refused, by the code",
            ("reason",),
        ),
    ]
    limits: Annotated[
        ByLabel,
        Metric("hub_limits_total", "counter", "Refusals because of a limit", ("limit",)),
    ]
    sharing_failures: Annotated[
        int,
        Metric(
            "hub_limits_sharing_failures_total",
            "counter",
            "Rounds in which Redis did not answer, so that the limits held for this node alone",
        ),
    ]
    audit_records: Annotated[
        ByLabel,
        Metric(
            "hub_audit_records_total",
            "counter",
            "Audit records: written; failed at the first try, and logged instead; of those lost",
            ("outcome",),
        ),
    ]
    audit_seals: Annotated[
        int, Metric("hub_audit_seals_total", "counter", "Batches of records that this node sealed")
    ]
    jobs: Annotated[
        Mapping[str, Histogram],
        Metric(
            "hub_job_seconds", "histogram", "From a job's creation to its end", ("status",), LONG_S
        ),
    ]
    artifacts: Annotated[
        Histogram,
        Metric(
            "hub_artifact_seconds",
            "histogram",
            "From a job's creation to an artifact's upload, or to the end that names it",
            bounds=LONG_S,
        ),
    ]
    alerts: Annotated[
        ByLabel,
        Metric(
            "hub_alerts",
            "gauge",
            "Alerts that are raised in the hub, as this node knows it",
            ("alert",),
        ),
    ]
    alerts_raised: Annotated[
        ByLabel,
        Metric("hub_alerts_raised_total", "counter", "Alerts that this node raised", ("alert",)),
    ]
    webhook_attempts: Annotated[
        ByLabel,
        Metric(
            "hub_webhook_attempts_total",
            "counter",
            "Requests of webhooks that this process sent, by why they failed; ok: they did not",
            ("failure",),
        ),
    ]
    webhook_outcomes: Annotated[
        ByLabel,
        Metric(
            "hub_webhook_deliveries_total",
            "counter",
            "What attempts came to: delivered, dead, retried later, or lost to another worker",
            ("outcome",),
        ),
    ]
    webhook_seconds: Annotated[
        Histogram,
        Metric(
            "hub_webhook_seconds",
            "histogram",
            "How long a request of a webhook took, with its answer",
            bounds=WEBHOOK_S,
        ),
    ]
    webhook_made: Annotated[
        int,
        Metric("hub_webhook_made_total", "counter", "Deliveries that this process made of events"),
    ]
    webhook_lag: Annotated[
        int,
        Metric(
            "hub_webhook_lag_events",
            "gauge",
            "Events of a channel of which no deliveries were made yet; of the farthest behind",
        ),
    ]
    webhook_dropped: Annotated[
        int,
        Metric(
            "hub_webhook_dropped_events_total",
            "counter",
            "Events that history let go before deliveries were made of them",
        ),
    ]
    webhook_open: Annotated[
        ByLabel,
        Metric(
            "hub_webhook_open", "gauge", "Deliveries of the hub that have not ended", ("state",)
        ),
    ]
    webhook_circuits: Annotated[
        int,
        Metric(
            "hub_webhook_circuits_open", "gauge", "Endpoints of the hub that are left alone a while"
        ),
    ]


METRICS: Mapping[str, Metric] = {
    field: hint.__metadata__[0]
    for field, hint in get_type_hints(Reading, include_extras=True).items()
}
