"""The blocking client."""

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from hub_client.address import Address, Token
from hub_client.calls import contracts
from hub_client.calls.request import Request
from hub_client.calls.retry import RetryPolicy
from hub_client.clock import ThreadClock
from hub_client.lag import Lag
from hub_client.listening.feed import Feed
from hub_client.listening.wants import Conflate, OnGap, Where, wants
from hub_client.state import State
from hub_client.sync.http import Http
from hub_client.sync.jobs import Jobs
from hub_client.sync.listener import Listener
from hub_client.sync.webhooks import Webhooks


class MCPClient:
    """Post to a hub and listen to it.

    Every method raises `HubError`, whose `code`, `retryable` and `help` say
    what to do. Answers are the hub's JSON as plain dicts. A POST carries one
    Idempotency-Key over all its tries; give `idempotency_key` to keep it over
    calls and restarts as well.

    Attributes:
        jobs: The same job methods, under resource names, and some more.
        webhooks: Endpoints, deliveries, replays, callbacks.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: Token | None = None,
        max_retries: int = 3,
        backoff_factor: float = 2.0,
        timeout: float = 30.0,
        deadline: float | None = None,
        http_transport: httpx.BaseTransport | None = None,
        clock: ThreadClock | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: http(s):// or ws(s)://; else HUB_URL, else WS_URI, else
                http://127.0.0.1:8000.
            token: Sent as bearer token; else HUB_TOKEN. A callable is asked
                before every try, so that a token can be renewed.
            max_retries: Tries after the first; 0 tries once.
            backoff_factor: Waits of this to the power 0, 1, 2 … seconds, up to
                a quarter longer; the hub's Retry-After wins. 0 does not wait.
            timeout: Seconds a try may take; 0 raises `TimedOut` at once. For
                artifacts, seconds that each wait of the transfer may take.
            deadline: Seconds that all tries and waits of a call may take; None
                is without bound. A wait that would pass it is not begun.
            http_transport: Replaces the network, in tests.
            clock: Replaces time and chance, in tests.

        Raises:
            ValueError: An address cannot be read, or a number is below 0.
        """
        self._address = Address(url, token, os.environ)
        self._clock = clock or ThreadClock()
        policy = RetryPolicy(
            max_retries=max_retries,
            backoff_factor=backoff_factor,
            timeout=timeout,
            deadline=deadline,
        )
        self._http = Http(self._address, policy, self._clock, http_transport)
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
        self.jobs = Jobs(self._http)
        self.webhooks = Webhooks(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and every listener. Closing twice is fine."""
        for listener in tuple(self._listeners):
            listener.close()
        self._http.close()

    def send_contract(
        self, contract: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Record a contract's update; when this returns it is on disk, in order.

        Args:
            contract: contract_id, location, status and timestamp (ISO 8601).
            idempotency_key: Two sends under one key are one update.

        Returns:
            status, id, channel, epoch, offset and applied; applied is false
            for an update older than what the hub has.
        """
        return self._answer(contracts.send(contract, idempotency_key))

    def test_contract(
        self, contract: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Push an update to listeners, marked as test, and store nothing."""
        return self._answer(contracts.rehearse(contract, idempotency_key))

    def contracts_status(self) -> dict[str, Any]:
        """Return counts by location and status, position, clients and uptime."""
        return self._answer(contracts.status())

    def create_job(
        self,
        input_data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Create a job; see `Jobs.create`."""
        return self.jobs.create(input_data, metadata, idempotency_key=idempotency_key)

    def push_status(
        self,
        job_id: str,
        status: str,
        progress: Mapping[str, Any] | None = None,
        message: str | None = None,
        *,
        input_request: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Report a job's status; see `Jobs.push_status`."""
        return self.jobs.push_status(
            job_id,
            status,
            progress,
            message,
            input_request=input_request,
            idempotency_key=idempotency_key,
        )

    def pull_job(self, job_id: str, include_history: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the seed's signature
        """Return a job; see `Jobs.get`."""
        return self.jobs.get(job_id, include_history=include_history)

    def complete_job(
        self,
        job_id: str,
        final_status: str = "DONE",
        summary: Mapping[str, Any] | None = None,
        artifacts: Sequence[Mapping[str, Any]] | None = None,
        message: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """End a job; see `Jobs.complete`."""
        return self.jobs.complete(
            job_id, final_status, summary, artifacts, message, idempotency_key=idempotency_key
        )

    def define_channel(
        self,
        channel: str,
        *,
        durable: bool | None = None,
        max_events: int | None = None,
        max_age_h: float | None = None,
    ) -> dict[str, Any]:
        """Make a custom channel, or change how much history it keeps.

        Args:
            channel: Its name.
            durable: False makes it volatile: events are told, not kept, and
                who is slow gets the latest of each `key`. Decided once; None
                makes a durable channel, or leaves the channel as it is.
            max_events: How many events it keeps; None: as the hub is set.
            max_age_h: How old they may get, in hours; None: as the hub is set.
        """
        return self._answer(
            contracts.define(channel, durable=durable, max_events=max_events, max_age_h=max_age_h)
        )

    def publish(
        self,
        channel: str,
        type: str,  # noqa: A002 - the wire's word
        data: object,
        key: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Publish one event to a custom channel; `key` names the entity it is about."""
        event = contracts.event(type, data, key)
        return self._answer(contracts.publish(channel, event, idempotency_key))

    def publish_many(
        self,
        channel: str,
        events: Sequence[Mapping[str, Any]],
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Publish events of `type`, `data` and perhaps `key`, in one request."""
        return self._answer(contracts.publish(channel, events, idempotency_key))

    def history(
        self,
        channel: str = "contracts",
        *,
        limit: int | None = None,
        since: int | str | None = None,
        before: int | None = None,
        epoch: str | None = None,
    ) -> dict[str, Any]:
        """Return a page of a channel's events, oldest first.

        Args:
            channel: Any that may be read.
            limit: At most 1000; alone, the last so many.
            since: What follows this offset; also a stored `epoch:offset`.
            before: What precedes this offset.
            epoch: Of `since` or `before`; the current one if not given.
        """
        return self._answer(
            contracts.history(channel, limit=limit, since=since, before=before, epoch=epoch)
        )

    def trace(self, event_id: str) -> dict[str, Any]:
        """Return what became of an event: when it was taken, and whom it reached (operators)."""
        return self._answer(contracts.trace(event_id))

    def listen(
        self,
        *channels: str,
        since: str | None = None,
        history: int | None = None,
        snapshot: bool = False,
        where: Where | None = None,
        conflate: Conflate | None = None,
        on_gap: OnGap = "raise",
        on_state: Callable[[State], object] | None = None,
        on_lag: Callable[[Lag], object] | None = None,
    ) -> Listener:
        """Iterate over events as they happen; reconnects and resumes by itself.

        Args:
            channels: contracts and jobs if none is given.
            since: A stored `event.position`: what follows arrives, once, in
                order. Channels it does not name begin as if it was not given.
            history: The last so many events of each channel first.
            snapshot: The state of every entity first, as one `Snapshot` a channel.
            where: Only events with one of these values in every field:
                `{"location": ["Chennai", "Mumbai"], "status": "active"}`.
            conflate: Only the newest event of each value of this field, 20 times a second at
                most, or so often: `("contract_id", 5)`. What has ended (`status` DONE, FAILED,
                completed, failed) is never left out.
            on_gap: When what follows is gone: "raise" `HistoryGap`, "snapshot"
                yields a new `Snapshot`, "skip" goes on (see `last_gap`).
            on_state: Called with each `State`, by the thread that iterates or closes.
            on_lag: Called with each `Lag`: the hub says that this listener does not keep up.

        Raises:
            ValueError: The arguments contradict each other.
        """
        wanted = wants(
            channels,
            since=since,
            history=history,
            snapshot=snapshot,
            where=where,
            conflate=conflate,
            on_gap=on_gap,
        )
        feed = Feed(wanted, base=self._address.http, clock=self._clock)
        listener = Listener(feed, self._address, self._clock, on_state, on_lag)
        self._listeners.add(listener)
        return listener

    def _answer(self, request: Request) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.send(request)
        return answer
