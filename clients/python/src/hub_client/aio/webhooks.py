"""Webhooks, as `client.webhooks` of the asyncio client."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from hub_client.aio.http import AsyncHttp
from hub_client.calls import webhooks
from hub_client.calls.request import Request
from hub_client.calls.webhooks import WebhookChange, WebhookFields

Json = dict[str, Any]


class AsyncWebhooks:
    """Addresses that the hub delivers events to, and what became of each delivery.

    What makes something new is sent once: when no answer came, look before
    you try again.
    """

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def create(self, url: str, **fields: Unpack[WebhookFields]) -> Json:
        """Make an endpoint; its `secret` is shown this once. See `WebhookFields`.

        It gets what happens from now on.
        """
        return await self._send(webhooks.create(url, fields))

    async def list(self, *, limit: int | None = None, before: str | None = None) -> Json:
        """Return `{"webhooks": […], "next": …}`; give `next` back as `before`."""
        return await self._send(webhooks.page(limit=limit, before=before))

    async def get(self, webhook_id: str) -> Json:
        """Return an endpoint, how it fares, and what waits for it."""
        return await self._send(webhooks.pull(webhook_id))

    async def update(self, webhook_id: str, **fields: Unpack[WebhookChange]) -> Json:
        """Change what is given, leave the rest."""
        return await self._send(webhooks.update(webhook_id, fields))

    async def delete(self, webhook_id: str) -> Json:
        """Remove an endpoint; what waits for it is not delivered any more."""
        return await self._send(webhooks.delete(webhook_id))

    async def rotate_secret(
        self,
        webhook_id: str,
        *,
        overlap_s: int | None = None,
        signature: Literal["v1", "v1a"] | None = None,
    ) -> Json:
        """Return a new `secret`; the old one signs beside it for `overlap_s` (a day)."""
        return await self._send(webhooks.rotate_secret(webhook_id, overlap_s, signature))

    async def test(self, webhook_id: str) -> Json:
        """Send a test event now, and say whether it was taken."""
        return await self._send(webhooks.test(webhook_id))

    async def pause(self, webhook_id: str, reason: str = "") -> Json:
        """Hold deliveries back until `resume`."""
        return await self._send(webhooks.pause(webhook_id, reason))

    async def resume(
        self, webhook_id: str, held: str | None = None, *, adopt: bool = False
    ) -> Json:
        """Let deliveries go again: first what was held, oldest first.

        Args:
            webhook_id: Which one.
            held: `leave`: what was held stays so, for a `replay`. `discard`: it is cancelled.
            adopt: Make one yours that was made with AUTH=off; it gets what you may read.
        """
        return await self._send(webhooks.resume(webhook_id, held, adopt=adopt))

    async def deliveries(
        self,
        webhook_id: str,
        *,
        state: str | None = None,
        event_type: str | None = None,
        since: str | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> Json:
        """Return `{"deliveries": […], "next": …}`, the newest first.

        Args:
            webhook_id: Of the endpoint.
            state: One, or several with commas: queued, pending, sending, held,
                delivered, dead, cancelled.
            event_type: `*` stands for any characters.
            since: That were made since this time, RFC 3339.
            limit: At most so many.
            before: `next` of the last page.
        """
        query = {
            "state": state,
            "event_type": event_type,
            "since": since,
            "limit": limit,
            "before": before,
        }
        return await self._send(webhooks.listed(webhook_id, "deliveries", **query))

    async def attempts(
        self, webhook_id: str, *, limit: int | None = None, before: int | None = None
    ) -> Json:
        """Return `{"attempts": […], "next": …}`: every request, with what was answered."""
        return await self._send(webhooks.listed(webhook_id, "attempts", limit=limit, before=before))

    async def delivery(self, delivery_id: str) -> Json:
        """Return a delivery with its attempts."""
        return await self._send(webhooks.delivery(delivery_id))

    async def replay_delivery(self, delivery_id: str) -> Json:
        """Send one delivery again, under the same `webhook-id`."""
        return await self._send(webhooks.again(delivery_id))

    async def replay(
        self,
        webhook_id: str,
        *,
        states: Sequence[str] | None = None,
        event_types: Sequence[str] | None = None,
        since: str | None = None,
        channel: str | None = None,
        after: str | None = None,
    ) -> Json:
        """Send many again, in the background; follow it by its `id` with `replay_status`.

        Args:
            webhook_id: Of the endpoint.
            states: Deliveries in these: delivered, dead, cancelled, held.
            event_types: Of these types; `*` stands for any characters.
            since: That were made since this time, RFC 3339.
            channel: With `after`: every event behind a position, also those that
                the endpoint never got.
            after: A position, `epoch:offset`.
        """
        asked: Mapping[str, object] = {
            "states": states,
            "event_types": event_types,
            "since": since,
            "channel": channel,
            "after": after,
        }
        return await self._send(webhooks.replay(webhook_id, asked))

    async def replay_status(self, replay_id: str) -> Json:
        """Return how far a replay is."""
        return await self._send(webhooks.replay_pulled(replay_id))

    async def cancel_replay(self, replay_id: str) -> Json:
        """End a replay where it is."""
        return await self._send(webhooks.replay_cancelled(replay_id))

    async def replays(self, *, limit: int | None = None) -> Json:
        """Return `{"replays": […]}`, the newest first."""
        return await self._send(webhooks.replays(limit))

    async def cancel_delivery(self, delivery_id: str) -> Json:
        """End a delivery that waits."""
        return await self._send(webhooks.delivery_cancelled(delivery_id))

    async def receipts(
        self, webhook_id: str, *, limit: int | None = None, before: int | None = None
    ) -> Json:
        """Return a page of the chain that proves what was sent."""
        return await self._send(webhooks.listed(webhook_id, "receipts", limit=limit, before=before))

    async def register_callback(
        self, kind: Literal["job", "task"], subject: str, callback_url: str, *, client_id: str
    ) -> Json:
        """Have the end of a job or task told, once, to an address.

        Args:
            kind: job or task.
            subject: Its id; it need not exist yet. One that has ended is told at once.
            callback_url: Where to.
            client_id: Who asks, in words of your own.
        """
        return await self._send(webhooks.register_callback(kind, subject, callback_url, client_id))

    async def callbacks(self, kind: Literal["job", "task"], subject: str) -> Json:
        """Return the callbacks of a job or task."""
        return await self._send(webhooks.callbacks(kind, subject))

    async def _send(self, request: Request) -> Json:
        answer: Json = await self._http.send(request)
        return answer
