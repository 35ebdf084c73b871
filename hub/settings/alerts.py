"""Settings of alerts: above what each is raised. 0 turns one off."""

from typing import Annotated

import msgspec

from hub.settings.named import named

_Above = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
_Part = Annotated[float, msgspec.Meta(ge=0, le=1)]

WebhookFailures = Annotated[
    _Part,
    named(
        "HUB_ALERT_WEBHOOK_FAILURES",
        "Part of the webhooks of five minutes that may fail before an alert; 0: never",
    ),
]
ResponseSeconds = Annotated[
    _Above,
    named(
        "HUB_ALERT_RESPONSE_S",
        "Seconds that answers may take on average in five minutes before an alert; 0: never",
    ),
]
JobRunningSeconds = Annotated[
    _Above,
    named(
        "HUB_ALERT_JOB_RUNNING_S",
        "Seconds that a job may be RUNNING without a word before an alert; 0: never",
    ),
]
AuthFailures = Annotated[
    _Above,
    named(
        "HUB_ALERT_AUTH_FAILURES",
        "Credentials that a node may refuse in five minutes before an alert; 0: never",
    ),
]
BrokerSeconds = Annotated[
    _Above,
    named(
        "HUB_ALERT_BROKER_S",
        "Seconds that news may not reach the other nodes before an alert; 0: never",
    ),
]
LogSeconds = Annotated[
    _Above,
    named("HUB_ALERT_LOG_S", "Seconds that the log may take nothing before an alert; 0: never"),
]
