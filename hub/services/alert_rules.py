"""The hub's own alerts: seed 0's four, and the two without which nobody would hear of them."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.model.alert_rule import Rule

WINDOW_S = 300.0
# What is gone at once is back at once, and a minute of it is enough to believe it.
CALM_S = 60.0
WEBHOOK_FAILURES, SLOW_RESPONSES = "webhook_failures", "slow_responses"
AUTH_FAILURES, JOB_STUCK = "auth_failures", "job_stuck"
BROKER_DEGRADED, LOG_FAILING = "broker_degraded", "log_failing"
# Of one endpoint; see `webhooks.census`. Then of all: its receivers, and the dispatcher.
WEBHOOK_FAILING, WEBHOOK_DISABLED = "webhook_failing", "webhook_disabled"
SLOW_WEBHOOKS, WEBHOOKS_BEHIND = "slow_webhooks", "webhooks_behind"
NAMES: Sequence[str] = (
    WEBHOOK_FAILURES,
    SLOW_RESPONSES,
    AUTH_FAILURES,
    JOB_STUCK,
    BROKER_DEGRADED,
    LOG_FAILING,
    SLOW_WEBHOOKS,
    WEBHOOKS_BEHIND,
    WEBHOOK_FAILING,
    WEBHOOK_DISABLED,
)
# What is told of something else than the node that tells it.
OF_NO_NODE = frozenset({JOB_STUCK, WEBHOOK_FAILING, WEBHOOK_DISABLED})


class Thresholds(NamedTuple):
    """Above what each alert is raised; 0: never.

    Attributes:
        webhook_failures: Failed deliveries of webhooks, as a part of all in five minutes.
        response_s: Average seconds of an answer in five minutes.
        job_running_s: Seconds that a job is RUNNING without a word of it.
        auth_failures: Refused credentials in five minutes.
        broker_s: Seconds that news do not travel between the nodes.
        log_s: Seconds that the log takes nothing.
        behind: Events of a channel of which no webhooks were made yet.
    """

    webhook_failures: float
    response_s: float
    job_running_s: float
    auth_failures: float
    broker_s: float
    log_s: float
    behind: float = 0.0


def rules(limits: Thresholds) -> Sequence[Rule]:
    """Return the rules that each node judges of itself; jobs are looked after by `stuck_jobs`."""
    return (
        Rule(
            WEBHOOK_FAILURES,
            "warning",
            limits.webhook_failures,
            WINDOW_S,
            "{value:.1%} of the webhooks of five minutes failed, more than {threshold:.1%}",
            least=20,
        ),
        Rule(
            SLOW_RESPONSES,
            "warning",
            limits.response_s,
            WINDOW_S,
            "An answer took {value:.1f} s on average in five minutes, more than {threshold:g} s",
            least=10,
        ),
        Rule(
            AUTH_FAILURES,
            "warning",
            limits.auth_failures,
            WINDOW_S,
            "{value:.0f} credentials were refused in five minutes, more than {threshold:g}",
        ),
        Rule(
            BROKER_DEGRADED,
            "warning",
            limits.broker_s,
            CALM_S,
            "News have not reached the other nodes through the broker for {value:.0f} s: "
            "events go through the log, and later",
        ),
        Rule(
            LOG_FAILING,
            "critical",
            limits.log_s,
            CALM_S,
            "The log has taken nothing for {value:.0f} s: updates are refused",
        ),
        Rule(
            SLOW_WEBHOOKS,
            "warning",
            limits.response_s,
            WINDOW_S,
            "Receivers of webhooks took {value:.1f} s on average in five minutes, more than "
            "{threshold:g} s",
            least=10,
        ),
        Rule(
            WEBHOOKS_BEHIND,
            "critical",
            limits.behind,
            CALM_S,
            "No webhooks were made yet of {value:.0f} events of a channel: from twice "
            "{threshold:.0f} on they are lost",
        ),
    )


def job_rule(limits: Thresholds) -> Rule:
    """Return the rule of a job that is RUNNING; it is judged for each job, by the log."""
    return Rule(
        JOB_STUCK,
        "warning",
        limits.job_running_s,
        0.0,
        "The job is RUNNING and has told nothing for {value:.0f} s, more than {threshold:g} s",
    )
