"""The post: how webhooks leave a process, and how their requests are made."""

from ipaddress import ip_network
from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.settings import Settings
from hub.stores.webhooks import Leased
from hub.webhooks.addresses import Reach
from hub.webhooks.names import Names
from hub.webhooks.sender import Request, Sender
from hub.webhooks.sending import HttpSender, tls_context
from hub.webhooks.worker import Build


class Post(NamedTuple):
    """What sends, and what makes the request of a delivery, at a time in microseconds."""

    sender: Sender
    build: Build


def open_post(settings: Settings, clock: Clock) -> Post:
    """Return it."""
    words = settings.webhook_allow_networks.split(",")
    opened = [ip_network(word.strip(), strict=False) for word in words if word.strip()]
    reach = Reach(opened, settings.webhook_allow_http)
    sender = HttpSender(lambda: reach, Names(), clock, context=tls_context())
    return Post(sender, _build)


def _build(leased: Leased, at_us: int) -> Request:
    headers = (
        ("content-type", "application/json"),
        ("webhook-id", leased.body.event_id),
        ("webhook-timestamp", str(at_us // SECOND_US)),
    )
    return Request(leased.endpoint.url, headers, leased.body.text)
