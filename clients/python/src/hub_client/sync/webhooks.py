"""Webhooks, as `client.webhooks`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from hub_client.calls import webhooks
from hub_client.calls.request import Request
from hub_client.calls.webhooks import WebhookChange, WebhookFields
from hub_client.sync.http import Http

Json = dict[str, Any]


class Webhooks:
    """Addresses that the hub delivers events to, and what became of each delivery.

    What makes something new is sent once: when no answer came, look before
    you try again.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def create(self, url: str, **fields: Unpack[WebhookFields]) -> Json:
        """Make an endpoint; its `secret` is shown this once. See `WebhookFields`.

        It gets what happens from now on.
        """
        return self._send(webhooks.create(url, fields))

    def list(self, *, limit: int | None = None, before: str | None = None) -> Json:
        """Return `{"webhooks": […], "next": …}`; give `next` back as `before`."""
        return self._send(webhooks.page(limit=limit, before=before))

    def get(self, webhook_id: str) -> Json:
        """Return an endpoint, how it fares, and what waits for it."""
        return self._send(webhooks.pull(webhook_id))

    def update(self, webhook_id: str, **fields: Unpack[WebhookChange]) -> Json:
        """Change what is given, leave the rest."""
        return self._send(webhooks.update(webhook_id, fields))

    def delete(self, webhook_id: str) -> Json:
        """Remove an endpoint; what waits for it is not delivered any more."""
        return self._send(webhooks.delete(webhook_id))

    def rotate_secret(
        self,
        webhook_id: str,
        *,
        overlap_s: int | None = None,
        signature: Literal["v1", "v1a"] | None = None,
    ) -> Json:
        """Return a new `secret`; the old one signs beside it for `overlap_s` (a day)."""
        return self._send(webhooks.rotate_secret(webhook_id, overlap_s, signature))

    def test(self, webhook_id: str) -> Json:
        """Send a test event now, and say whether it was taken."""
        return self._send(webhooks.test(webhook_id))

    def pause(self, webhook_id: str, reason: str = "") -> Json:
        """Hold deliveries back until `resume`."""
        return self._send(webhooks.pause(webhook_id, reason))

    def resume(self, webhook_id: str, held: str | None = None, *, adopt: bool = False) -> Json:
        """Let deliveries go again: first what was held, oldest first.

        Args:
            webhook_id: Which one.
            held: `leave`: what was held stays so, for a `replay`. `discard`: it is cancelled.
            adopt: Make one yours that was made with AUTH=off; it gets what you may read.
        """
        return self._send(webhooks.resume(webhook_id, held, adopt=adopt))

    def deliveries(
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
        return self._send(webhooks.listed(webhook_id, "deliveries", **query))

    def attempts(
        self, webhook_id: str, *, limit: int | None = None, before: int | None = None
    ) -> Json:
        """Return `{"attempts": […], "next": …}`: every request, with what was answered."""
        return self._send(webhooks.listed(webhook_id, "attempts", limit=limit, before=before))

    def delivery(self, delivery_id: str) -> Json:
        """Return a delivery with its attempts."""
        return self._send(webhooks.delivery(delivery_id))

    def replay_delivery(self, delivery_id: str) -> Json:
        """Send one delivery again, under the same `webhook-id`."""
        return self._send(webhooks.again(delivery_id))

    def replay(
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
        return self._send(webhooks.replay(webhook_id, asked))

    def replay_status(self, replay_id: str) -> Json:
        """Return how far a replay is."""
        return self._send(webhooks.replay_pulled(replay_id))

    def cancel_replay(self, replay_id: str) -> Json:
        """End a replay where it is."""
        return self._send(webhooks.replay_cancelled(replay_id))

    def replays(self, *, limit: int | None = None) -> Json:
        """Return `{"replays": […]}`, the newest first."""
        return self._send(webhooks.replays(limit))

    def cancel_delivery(self, delivery_id: str) -> Json:
        """End a delivery that waits."""
        return self._send(webhooks.delivery_cancelled(delivery_id))

    def receipts(
        self, webhook_id: str, *, limit: int | None = None, before: int | None = None
    ) -> Json:
        """Return a page of the chain that proves what was sent."""
        return self._send(webhooks.listed(webhook_id, "receipts", limit=limit, before=before))

    def register_callback(
        self, kind: Literal["job", "task"], subject: str, callback_url: str, *, client_id: str
    ) -> Json:
        """Have the end of a job or task told, once, to an address.

        Args:
            kind: job or task.
            subject: Its id; it need not exist yet. One that has ended is told at once.
            callback_url: Where to.
            client_id: Who asks, in words of your own.
        """
        return self._send(webhooks.register_callback(kind, subject, callback_url, client_id))

    def callbacks(self, kind: Literal["job", "task"], subject: str) -> Json:
        """Return the callbacks of a job or task."""
        return self._send(webhooks.callbacks(kind, subject))

    def _send(self, request: Request) -> Json:
        answer: Json = self._http.send(request)
        return answer
