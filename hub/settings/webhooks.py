"""The settings of webhooks: who sends them, and where to."""

from typing import Annotated, Literal

import msgspec

from hub.settings.named import named as _help
from hub.settings.secret import Secret

_Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
_Positive = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]

Where = Annotated[
    Literal["serve", "work"],
    _help("HUB_WEBHOOKS", "Who sends webhooks: serve, this process too; work, only `hub work`"),
]
AllowNetworks = Annotated[
    str,
    _help(
        "WEBHOOK_ALLOW_NETWORKS",
        "Networks that webhooks may go to although they are not public, comma-separated: "
        "127.0.0.0/8, 10.1.0.0/16",
    ),
]
AllowHttp = Annotated[
    bool,
    _help(
        "HUB_WEBHOOK_ALLOW_HTTP",
        "Let webhooks go without TLS to public addresses, too; to the networks of "
        "WEBHOOK_ALLOW_NETWORKS they always may",
    ),
]
Ports = Annotated[
    str,
    _help(
        "HUB_WEBHOOK_PORTS",
        "Ports of public hosts that webhooks may go to besides 443 and 8443: 9443, 10000-10100",
    ),
]
SecretKeys = Annotated[
    Secret | None,
    _help(
        "HUB_WEBHOOK_SECRET_KEYS",
        "Keys that seal the secrets of endpoints in the database: id:base64 of 32 bytes; of "
        "several, comma-separated, the first one seals. Without, one is made beside the data file; "
        "on PostgreSQL it has to be set",
    ),
]
KeepDays = Annotated[
    _Positive,
    _help(
        "HUB_WEBHOOK_KEEP_DAYS",
        "Days that deliveries are kept after their end, with attempts; replays as long",
    ),
]
MaxBehind = Annotated[
    _Count,
    _help(
        "HUB_WEBHOOK_MAX_BEHIND",
        "Events of a channel that are kept for webhooks at most, although history lets them go",
    ),
]
DisableDays = Annotated[
    _Positive,
    _help("HUB_WEBHOOK_DISABLE_DAYS", "Days of nothing but failures until an endpoint is disabled"),
]
Concurrency = Annotated[
    _Count, _help("HUB_WEBHOOK_CONCURRENCY", "Deliveries that a process sends at the same time")
]
Receiver = Annotated[
    bool | None,
    _help(
        "HUB_WEBHOOK_RECEIVER",
        "Take webhooks at /webhook/{client_id}, and show them; otherwise only with AUTH=off",
    ),
]
