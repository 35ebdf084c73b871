"""The doors of webhooks: what their routes lead to."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from hub.clock import Clock
from hub.services.auditor import Auditor
from hub.settings import Settings
from hub.stores.base import Store
from hub.stores.webhooks import Webhooks
from hub.transports.http.callbacks import CallbacksResource, ReceiverResource
from hub.transports.http.deliveries import DeliveriesResource
from hub.transports.http.webhook_routes import WebhookResources
from hub.transports.http.webhooks import WebhooksResource
from hub.webhooks.callbacks import Callbacks
from hub.webhooks.deliveries import Deliveries
from hub.webhooks.endpoint_reading import Checks
from hub.webhooks.endpoint_secrets import EndpointSecrets
from hub.webhooks.endpoints import EndpointRegister
from hub.webhooks.published import PublishedKeys
from hub.webhooks.receiver import Receiver
from hub.webhooks.replays import Replays
from hub.webhooks.sender import Sender
from hub.webhooks.trials import Trials
from hub.webhooks.worker import Build


class WebhookParts(NamedTuple):
    """What webhooks are made of, in every process that takes requests.

    Attributes:
        changed: Has the loops look at the endpoints, the deliveries and the replays.
    """

    store: Webhooks
    secrets: EndpointSecrets
    checks: Checks
    sender: Sender
    build: Build
    changed: Callable[[], None]


class Around(NamedTuple):
    """What of the node they need besides.

    Attributes:
        readers: Returns the roles that alone may read a channel.
        hits: Counts refusals by limit.
    """

    settings: Settings
    clock: Clock
    log: Store
    auditor: Auditor
    readers: Callable[[str], Awaitable[Sequence[str] | None]]
    hits: "Counter[str]"


def webhook_resources(parts: WebhookParts, around: Around) -> WebhookResources:
    """Build them."""
    deliveries = Deliveries(parts.store, around.clock, around.readers)
    replays = Replays(
        parts.store, around.log, around.clock, readers=around.readers, changed=parts.changed
    )
    callbacks = Callbacks(
        parts.store,
        around.log,
        around.clock,
        secrets=parts.secrets,
        checks=parts.checks,
        readers=around.readers,
        changed=parts.changed,
    )
    return WebhookResources(
        _endpoints(parts, around),
        DeliveriesResource(deliveries, replays, around.auditor),
        CallbacksResource(callbacks, around.auditor),
        ReceiverResource(_receiver(parts, around)),
    )


def _endpoints(parts: WebhookParts, around: Around) -> WebhooksResource:
    register = EndpointRegister(
        parts.store,
        around.clock,
        secrets=parts.secrets,
        checks=parts.checks,
        readers=around.readers,
        changed=parts.changed,
    )
    trials = Trials(parts.store, parts.sender, parts.build, around.clock, around.hits)
    published = PublishedKeys(parts.store, around.clock)
    return WebhooksResource(register, trials, published, around.auditor)


def _receiver(parts: WebhookParts, around: Around) -> Receiver:
    wanted = around.settings.webhook_receiver
    is_on = not around.settings.auth_required if wanted is None else wanted
    return Receiver(parts.store, around.clock, secrets=parts.secrets, is_on=is_on)
