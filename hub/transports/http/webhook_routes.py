"""The routes of webhooks, callbacks and the built-in receiver; `routes.table` takes them in."""

from typing import NamedTuple

from hub.errors import (
    BodyTooLarge,
    Conflict,
    DeliveryNotFound,
    Forbidden,
    NotFound,
    Overloaded,
    ReplayNotFound,
    TooManyWebhooks,
    WebhookKeyRefused,
    WebhookNotFound,
    WebhookUrlRefused,
)
from hub.model import scope as s
from hub.transports.http.callbacks import CallbacksParams, CallbacksResource, ReceiverResource
from hub.transports.http.deliveries import (
    AttemptsParams,
    DeliveriesParams,
    DeliveriesResource,
    ReplaysParams,
)
from hub.transports.http.route import RECEIVER, Route
from hub.transports.http.webhooks import EndpointsParams, KeySet, WebhooksResource
from hub.webhooks.callback_forms import CallbackRegistered, CallbacksView, NewCallback
from hub.webhooks.delivery_forms import (
    AttemptsView,
    DeliveriesView,
    DeliveryView,
    DeliveryWithAttempts,
    NewReplay,
    ReceiptsView,
    ReplaysView,
    ReplayView,
)
from hub.webhooks.endpoint_forms import (
    EndpointChange,
    EndpointCreated,
    EndpointRemoved,
    EndpointsView,
    EndpointView,
    NewEndpoint,
    Pause,
    Resuming,
    SecretRotation,
    TestOutcome,
)
from hub.webhooks.receiver import ReceivedAnswer

_TAG = "webhooks"
_OWN = s.WEBHOOKS_MANAGE
_UNFIT = (WebhookUrlRefused, WebhookKeyRefused)


class WebhookResources(NamedTuple):
    """What these routes lead to."""

    endpoints: WebhooksResource
    deliveries: DeliveriesResource
    callbacks: CallbacksResource
    receiver: ReceiverResource


def webhook_routes(to: WebhookResources) -> list[Route]:
    """Return the routes."""
    rows = [*_endpoints(to.endpoints), *_deliveries(to.deliveries), *_replays(to.deliveries)]
    return [*rows, *_callbacks(to)]


def _endpoints(to: WebhooksResource) -> list[Route]:
    tag, one, no = _TAG, "/api/webhooks/{webhook_id}", (WebhookNotFound,)
    return [
        Route("POST", "/api/webhooks", _OWN, to.create, "Make a webhook", EndpointCreated,
              NewEndpoint, status=201, refusals=(Forbidden, TooManyWebhooks, *_UNFIT), tag=tag,
              name="createWebhook", keyed=False),
        Route("GET", "/api/webhooks", _OWN, to.list, "List webhooks, newest first", EndpointsView,
              query=EndpointsParams, tag=tag, name="listWebhooks"),
        Route("GET", one, _OWN, to.get, "Retrieve a webhook", EndpointView, refusals=no, tag=tag,
              name="getWebhook"),
        Route("PATCH", one, _OWN, to.change, "Change a webhook", EndpointView, EndpointChange,
              refusals=(*no, Forbidden, Conflict, *_UNFIT), tag=tag, name="changeWebhook"),
        Route("DELETE", one, _OWN, to.remove, "Remove a webhook", EndpointRemoved,
              refusals=no, tag=tag, name="removeWebhook"),
        Route("POST", f"{one}/rotate-secret", _OWN, to.rotate, "Give a webhook a new key",
              EndpointCreated, SecretRotation, refusals=(*no, Forbidden, Conflict), tag=tag,
              name="rotateWebhookSecret", keyed=False),
        Route("POST", f"{one}/test", _OWN, to.test, "Send a test event now", TestOutcome,
              refusals=no, tag=tag, name="testWebhook", keyed=False),
        Route("POST", f"{one}/pause", _OWN, to.pause, "Send a webhook nothing; hold what comes",
              EndpointView, Pause, refusals=(*no, Conflict), tag=tag, name="pauseWebhook",
              keyed=False, needs_body=False),
        Route("POST", f"{one}/resume", _OWN, to.resume, "Have a webhook go on, with what was held",
              EndpointView, Resuming, refusals=(*no, Forbidden, Conflict), tag=tag,
              name="resumeWebhook", keyed=False, needs_body=False),
        Route("GET", "/.well-known/webhook-keys", s.PUBLIC, to.keys,
              "Read the public keys that sign webhooks", KeySet, tag=tag, name="readWebhookKeys"),
    ]  # fmt: skip


def _deliveries(to: DeliveriesResource) -> list[Route]:
    tag, of, one = _TAG, "/api/webhooks/{webhook_id}", "/api/deliveries/{delivery_id}"
    return [
        Route("GET", f"{of}/deliveries", _OWN, to.list, "List what a webhook was sent, or will be",
              DeliveriesView, query=DeliveriesParams, refusals=(WebhookNotFound,), tag=tag,
              name="listDeliveries"),
        Route("GET", f"{of}/attempts", _OWN, to.attempts, "List the requests of a webhook",
              AttemptsView, query=AttemptsParams, refusals=(WebhookNotFound,), tag=tag,
              name="listAttempts"),
        Route("GET", f"{of}/receipts", _OWN, to.receipts,
              "Read the chain that proves what a webhook was sent", ReceiptsView,
              query=AttemptsParams, refusals=(WebhookNotFound,), tag=tag, name="listReceipts"),
        Route("GET", one, _OWN, to.get, "Retrieve a delivery with its attempts",
              DeliveryWithAttempts, refusals=(DeliveryNotFound,), tag=tag, name="getDelivery"),
        Route("POST", f"{one}/replay", _OWN, to.again, "Send a delivery again now", DeliveryView,
              refusals=(DeliveryNotFound, Conflict), tag=tag, name="replayDelivery", keyed=False),
        Route("POST", f"{one}/cancel", _OWN, to.cancel, "Cancel a delivery that waits",
              DeliveryView, refusals=(DeliveryNotFound, Conflict), tag=tag,
              name="cancelDelivery", keyed=False),
    ]  # fmt: skip


def _replays(to: DeliveriesResource) -> list[Route]:
    tag, one, no = _TAG, "/api/replays/{replay_id}", (ReplayNotFound,)
    return [
        Route("POST", "/api/webhooks/{webhook_id}/replay", _OWN, to.replay,
              "Send deliveries, or the events behind a position, again", ReplayView, NewReplay,
              status=202, refusals=(WebhookNotFound, Forbidden, Conflict), tag=tag,
              name="replayWebhook", keyed=False, needs_body=False),
        Route("GET", "/api/replays", _OWN, to.replays, "List replays, newest first", ReplaysView,
              query=ReplaysParams, tag=tag, name="listReplays"),
        Route("GET", one, _OWN, to.one_replay, "Retrieve a replay", ReplayView, refusals=no,
              tag=tag, name="getReplay"),
        Route("DELETE", one, _OWN, to.end_replay, "End a replay", ReplayView, refusals=no,
              tag=tag, name="cancelReplay"),
    ]  # fmt: skip


def _callbacks(to: WebhookResources) -> list[Route]:
    callbacks, receiver, address = to.callbacks, to.receiver, f"{RECEIVER}{{client_id}}"
    return [
        Route("POST", "/api/callbacks", _OWN, callbacks.register,
              "Have the end of a task or a job told to an address", CallbackRegistered,
              NewCallback, status=201, tag=_TAG,
              refusals=(Forbidden, TooManyWebhooks, Overloaded, WebhookUrlRefused),
              also=((200, CallbackRegistered),), name="registerCallback", keyed=False),
        Route("GET", "/api/callbacks", _OWN, callbacks.list, "List the callbacks of a resource",
              CallbacksView, query=CallbacksParams, tag=_TAG, name="listCallbacks"),
        Route("POST", address, s.PUBLIC, receiver.take, "Take a webhook, for trials",
              ReceivedAnswer, refusals=(NotFound, BodyTooLarge), tag=_TAG, name="receiveWebhook",
              keyed=False),
        Route("GET", address, s.WEBHOOKS_ANY, receiver.show, "Show what came for a client", str,
              refusals=(NotFound,), tag=_TAG, media="text/plain", name="showReceived"),
    ]  # fmt: skip
