"""Trials: one test event to an endpoint, at once; its owner learns status and duration alone."""

from collections import Counter

import msgspec

from hub.clock import Clock
from hub.limits.limit import Limit
from hub.limits.steady import Steady
from hub.model.delivery import Body, Delivery
from hub.model.endpoint import Endpoint
from hub.model.event import new_event_id
from hub.model.principal import Principal
from hub.model.timestamp import to_rfc3339
from hub.stores.webhooks import Endpoints, Leased
from hub.webhooks.endpoint_forms import TestOutcome
from hub.webhooks.ownership import find
from hub.webhooks.schedule import failure_of
from hub.webhooks.sender import Answer, Sender, Unsendable
from hub.webhooks.worker import Build

# The hub is not to be somebody's way to send requests to others.
RATE_PER_S = 0.5
TYPE = "webhook_test"
CHANNEL = "webhooks"


class Trials:
    """Sends test events.

    Args:
        store: Where endpoints are.
        sender: Sends.
        build: Makes the request of a delivery, at a time in microseconds.
        clock: The wall time.
        hits: Counts refusals by limit.
    """

    def __init__(
        self,
        store: Endpoints,
        sender: Sender,
        build: Build,
        clock: Clock,
        hits: "Counter[str]",
    ) -> None:
        self._store = store
        self._sender = sender
        self._build = build
        self._clock = clock
        self._now_us = Steady(clock).now_us
        self._limit = Limit("webhook_tests", "test events of one webhook", hits)
        self._limit.set(RATE_PER_S)

    async def test(self, principal: Principal, webhook_id: str) -> TestOutcome:
        """Send one test event; also to an endpoint that is paused.

        Raises:
            WebhookNotFound: It is not there, for this principal.
            RateLimited: One was sent a moment ago.
        """
        endpoint, _ = await find(self._store, principal, webhook_id)
        self._limit.take(webhook_id, self._now_us())
        now_us = self._clock.now_us()
        body = test_event(endpoint, now_us)
        try:
            request = self._build(Leased(_delivery(endpoint, body, now_us), endpoint, body), now_us)
        except Unsendable as error:
            answer = Answer(failure="encryption", detail=str(error))
        else:
            answer = await self._sender.send(request)
        failure = failure_of(answer)
        return TestOutcome(
            id=body.event_id,
            delivered=failure is None,
            status=answer.status,
            failure=failure,
            duration_ms=answer.total_us / 1000,
        )


def test_event(endpoint: Endpoint, now_us: int) -> Body:
    """Return an event that is marked as a test, of no channel that keeps any."""
    event_id = new_event_id(now_us)
    text = msgspec.json.encode(
        {
            "type": TYPE,
            "channel": CHANNEL,
            "id": event_id,
            "timestamp": to_rfc3339(now_us),
            "test": True,
            "data": {"webhook_id": endpoint.id, "message": "This is a test."},
        }
    )
    return Body(event_id, CHANNEL, 0, TYPE, "", now_us, endpoint.owner, text)


def _delivery(endpoint: Endpoint, body: Body, now_us: int) -> Delivery:
    """Return a delivery that no store knows."""
    return Delivery("", 0, endpoint.id, body.event_id, None, "sending", now_us, now_us)
