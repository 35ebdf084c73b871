"""Webhooks in memory: what `hub.stores.webhooks` promises, in plain words, for tests.

It passes `tests/contracts/test_webhooks*.py` like the databases, and is the oracle of their random
walks: no indexes, no steps, no caches. Nothing awaits, so each call is a transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from hub.clock import Clock
from hub.model.delivery import ENDED, OPEN, STATES, Attempt, Body, Delivery, NewDelivery
from hub.model.endpoint import Endpoint, Health, Registry
from hub.model.replay import Replay
from hub.stores.clearing import Clear, Cleared
from hub.stores.received import ReceivedRequest
from hub.stores.webhooks import (
    AttemptQuery,
    Claim,
    DeliveryQuery,
    Lane,
    Leased,
    Result,
    Settled,
    Step,
)


class MemoryEndpoints:
    """Endpoints, and what becomes of their deliveries when they change.

    Attributes:
        heads: Newest offset of each channel, as the log would have it; tests set it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.heads: dict[str, int] = {}
        self.cursor: dict[str, int] = {}
        self.known = Registry(0, ())
        self.stored: dict[str, Endpoint] = {}
        self.health: dict[str, Health] = {}
        self.rows: dict[str, Delivery] = {}
        self.bodies: dict[str, Body] = {}
        self.tried: list[Attempt] = []
        self.last_seq = 0

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Keep an endpoint; return it with its `starts`."""
        behind = {c: head for c, head in self.heads.items() if head > self.cursor.get(c, 0)}
        return self._store(replace(endpoint, starts=behind))

    async def endpoint(self, endpoint_id: str) -> tuple[Endpoint, Health] | None:
        """Return an endpoint and its health, or None."""
        if endpoint_id not in self.stored:
            return None
        return self.stored[endpoint_id], self.health.get(endpoint_id, Health())

    async def endpoints(
        self, limit: int, before: tuple[int, str] | None = None, owner: str | None = None
    ) -> Sequence[tuple[Endpoint, Health]]:
        """Return a page, newest first, without callbacks."""
        found = [
            one
            for one in self.stored.values()
            if one.callback is None
            and (before is None or (one.created_at_us, one.id) < before)
            and (owner is None or one.owner == owner)
        ]
        found.sort(key=lambda one: (one.created_at_us, one.id), reverse=True)
        return [(one, self.health.get(one.id, Health())) for one in found[:limit]]

    async def callbacks(self, kind: str, subject: str, limit: int) -> Sequence[Endpoint]:
        """Return the callbacks of one resource, oldest first."""
        found = [
            one
            for one in self.stored.values()
            if one.callback is not None
            and (one.callback.kind, one.callback.subject) == (kind, subject)
        ]
        return sorted(found, key=lambda one: (one.created_at_us, one.id))[:limit]

    async def change_endpoint(
        self, endpoint_id: str, decide: Callable[[Endpoint, Health], tuple[Endpoint, Health]]
    ) -> Endpoint | None:
        """Change one as `decide` says."""
        if endpoint_id not in self.stored:
            return None
        health = self.health.get(endpoint_id, Health())
        endpoint, self.health[endpoint_id] = decide(self.stored[endpoint_id], health)
        return self._store(endpoint)

    async def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove one; its open deliveries are cancelled, its records stay."""
        if endpoint_id not in self.stored:
            return False
        del self.stored[endpoint_id]
        self.health.pop(endpoint_id, None)
        self._changed()
        for row in self.of(endpoint_id, *OPEN):
            reason, now_us = "removed with its endpoint", self.clock.now_us()
            self.put(_free(row, state="cancelled", reason=reason, ended_at_us=now_us))
        return True

    async def registry(self, known: Registry | None = None) -> Registry:
        """Return all that events may go to; the same object where nothing has changed."""
        return known if known is not None and known.revision == self.known.revision else self.known

    def is_active(self, endpoint_id: str) -> bool:
        """Whether there is such an endpoint and it takes deliveries."""
        return endpoint_id in self.stored and self.stored[endpoint_id].state == "active"

    def of(self, endpoint_id: str, *states: str) -> list[Delivery]:
        """Return the deliveries of an endpoint in these states, in their order."""
        rows = (row for row in self.rows.values() if row.endpoint_id == endpoint_id)
        return sorted((row for row in rows if row.state in states), key=lambda row: row.seq)

    def put(self, row: Delivery) -> Delivery:
        """Keep a delivery as it is now."""
        self.rows[row.id] = row
        return row

    def _store(self, endpoint: Endpoint) -> Endpoint:
        was = self.stored.get(endpoint.id)
        self.stored[endpoint.id] = endpoint
        self._changed()
        if was is not None and was.state == "active" and endpoint.state != "active":
            for row in self.of(endpoint.id, "pending", "queued"):
                self.put(row._replace(state="held"))
        return endpoint

    def _changed(self) -> None:
        live = [e for e in self.stored.values() if e.callback is None or e.state != "disabled"]
        self.known = Registry(self.known.revision + 1, tuple(live))


class MemoryQueue(MemoryEndpoints):
    """The deliveries, for those who make and send them."""

    async def cursors(self) -> Mapping[str, int]:
        """Return where the dispatcher stands in each channel."""
        return dict(self.cursor)

    async def dispatch(self, step: Step) -> bool:
        """Take a step, whole or not at all."""
        stands = (self.known.revision, self.cursor.get(step.channel, 0))
        if stands != (step.revision, step.after):
            return False
        self.cursor[step.channel] = step.to
        self.make(step.deliveries, step.bodies)
        return True

    async def claim(self, claim: Claim) -> Sequence[Leased]:
        """Lease what is due, in the order in which it is due."""
        for row in list(self.rows.values()):
            if row.state == "sending" and row.lease_until_us <= claim.now_us:
                self._give_back(row, row.due_us)
        due = sorted(
            (row for row in self.rows.values() if row.state == "pending"),
            key=lambda row: (row.due_us, row.seq),
        )
        waiting = [row for row in due if row.due_us <= claim.now_us]
        names = sorted({row.endpoint_id for row in waiting})
        names.sort(key=lambda name: name <= claim.after)
        lanes = [self._lane(name, waiting, claim) for name in names]
        due_there = {lane.endpoint.id: lane.due for lane in lanes}
        chosen, left = [], claim.limit
        for grant in claim.allot(lanes):
            if grant.take > 0 and left > 0:
                chosen.append(grant.endpoint_id)
                left -= min(grant.take, due_there[grant.endpoint_id])
        # Once more for those alone, as a database does it.
        grants = claim.allot([lane for lane in lanes if lane.endpoint.id in chosen])
        takes = {grant.endpoint_id: grant.take for grant in grants}
        taken: list[Delivery] = []
        for row in waiting:
            if takes.get(row.endpoint_id, 0) > 0 and len(taken) < claim.limit:
                takes[row.endpoint_id] -= 1
                lease = {"worker": claim.worker, "lease_until_us": claim.until_us}
                taken.append(
                    self.put(row._replace(state="sending", token=row.token + 1, **lease))  # type: ignore[arg-type]
                )
        served = {row.endpoint_id for row in taken}
        self.health |= {g.endpoint_id: g.health for g in grants if g.endpoint_id in served}
        return [
            Leased(row, self.stored[row.endpoint_id], self.bodies[row.event_id]) for row in taken
        ]

    async def renew(self, leases: Mapping[str, int], until_us: int) -> Sequence[str]:
        """Prolong leases; return the deliveries whose lease was lost."""
        mine = self._mine(leases)
        for row in mine:
            self.put(row._replace(lease_until_us=until_us))
        return [name for name in leases if name not in {row.id for row in mine}]

    async def record(self, results: Sequence[Result]) -> Sequence[Settled | None]:
        """Keep attempts and what they come to; None where the lease was lost."""
        before = (
            dict(self.rows),
            dict(self.health),
            list(self.tried),
            dict(self.stored),
            self.known,
        )
        try:
            return [self._record(result) for result in results]
        except BaseException:
            self.rows, self.health, self.tried, self.stored, self.known = before
            raise

    async def release(self, leases: Mapping[str, int], due_us: int) -> None:
        """Give leases back unused."""
        for row in self._mine(leases):
            self._give_back(row, due_us)

    async def next_due_us(self) -> int | None:
        """Return when the next one is due, or its lease ends; or None."""
        times = [
            row.due_us if row.state == "pending" else row.lease_until_us
            for row in self.rows.values()
            if row.state in {"pending", "sending"} and self.is_active(row.endpoint_id)
        ]
        return min(times, default=None)

    async def forget_deliveries(self, before_us: int, limit: int) -> int:
        """Forget deliveries that ended before a time, with attempts and bodies."""
        old = [row for row in self.rows.values() if 0 < row.ended_at_us < before_us]
        old.sort(key=lambda row: row.ended_at_us)
        for row in old[:limit]:
            del self.rows[row.id]
        self.tried = [one for one in self.tried if one.delivery_id in self.rows]
        needed = {row.event_id for row in self.rows.values()}
        self.bodies = {name: body for name, body in self.bodies.items() if name in needed}
        for row in old[:limit]:
            endpoint = self.stored.get(row.endpoint_id)
            fired = endpoint is not None and endpoint.callback and endpoint.state == "disabled"
            if fired and not self.of(row.endpoint_id, *OPEN):
                del self.stored[row.endpoint_id]
        return len(old[:limit])

    async def clear_held(self, clear: Clear) -> Cleared | None:
        """Send or cancel a page of what is held; None: the endpoint does not clear."""
        endpoint = self.stored.get(clear.endpoint_id)
        if endpoint is None or endpoint.state != "active" or endpoint.clearing is None:
            return None
        page = self.of(endpoint.id, "held")[: clear.limit]
        sent = 0
        for row in page:
            body = self.bodies[row.event_id]
            reason = "discarded" if row.seq <= endpoint.clearing.discard else ""
            if not reason and not clear.may_read(endpoint, body.channel, body.owner):
                reason = "unreadable"
            if reason:
                ended = {"reason": reason, "ended_at_us": clear.now_us}
                self.put(row._replace(state="cancelled", **ended))  # type: ignore[arg-type]
                continue
            state = "queued" if self._is_headed(row) else "pending"
            due_us = min(row.due_us, clear.now_us)
            self.put(row._replace(state=state, due_us=due_us))  # type: ignore[arg-type]
            sent += 1
        done = len(page) < clear.limit
        if done:
            self._store(replace(endpoint, clearing=None))
        return Cleared(sent, len(page) - sent, done)

    def make(self, wanted: Iterable[NewDelivery], bodies: Iterable[Body]) -> None:
        """Make deliveries, but for pairs that have one."""
        pairs = {(row.endpoint_id, row.event_id) for row in self.rows.values()}
        for new in wanted:
            if (new.endpoint_id, new.event_id) in pairs:
                continue
            pairs.add((new.endpoint_id, new.event_id))
            self.last_seq += 1
            row = Delivery(
                *(new.id, self.last_seq, new.endpoint_id, new.event_id, new.lane),
                "held" if new.held else "queued" if self._is_headed(new) else "pending",
                *(self.clock.now_us(), new.due_us),
            )
            self.put(row)
        needed = {row.event_id for row in self.rows.values()}
        for body in bodies:
            if body.event_id in needed:
                self.bodies.setdefault(body.event_id, body)

    def resend(self, row: Delivery, due_us: int) -> Delivery | None:
        """Send one again; None: its endpoint is no more."""
        if row.endpoint_id not in self.stored:
            return None
        if row.state == "sending":
            return row
        if row.state in ENDED:
            row = row._replace(round=row.round + 1, attempts=0, reason="", ended_at_us=0)
        endpoint = self.stored[row.endpoint_id]
        waits = row.state in {"pending", "queued"}
        if endpoint.state != "active" or (endpoint.clearing is not None and not waits):
            return self.put(row._replace(state="held", due_us=due_us))
        headed = row.state != "pending" and self._is_headed(row)
        return self.put(row._replace(state="queued" if headed else "pending", due_us=due_us))

    def move_up(self, endpoint_id: str, lane: str | None) -> None:
        """Make the next one of a lane pending."""
        queued = [row for row in self.of(endpoint_id, "queued") if row.lane == lane]
        if queued:
            self.put(queued[0]._replace(state="pending"))

    def _is_headed(self, new: NewDelivery | Delivery) -> bool:
        ahead = self.of(new.endpoint_id, "pending", "sending")
        return new.lane is not None and any(row.lane == new.lane for row in ahead)

    def _lane(self, name: str, waiting: Sequence[Delivery], claim: Claim) -> Lane:
        due = sum(row.endpoint_id == name for row in waiting)
        health = self.health.get(name, Health())
        sending = len(self.of(name, "sending"))
        return Lane(self.stored[name], health, sending, min(due, claim.limit))

    def _mine(self, leases: Mapping[str, int]) -> list[Delivery]:
        rows = (self.rows[name] for name in leases if name in self.rows)
        return [row for row in rows if row.state == "sending" and row.token == leases[row.id]]

    def _give_back(self, row: Delivery, due_us: int) -> None:
        active = self.is_active(row.endpoint_id)
        self.put(_free(row, state="pending" if active else "held", due_us=due_us))
        if not active:
            self.move_up(row.endpoint_id, row.lane)

    def _record(self, result: Result) -> Settled | None:
        mine = self._mine({result.attempt.delivery_id: result.token})
        if not mine:
            return None
        (row,) = mine
        name, health = row.endpoint_id, self.health.get(row.endpoint_id, Health())
        number = 1 + sum(one.delivery_id == row.id for one in self.tried)
        place = {"number": number, "receipt": health.receipts + 1, "previous": health.chain}
        detail = result.attempt.detail.encode(errors="replace").decode().replace("\0", "\ufffd")
        attempt = result.attempt._replace(**place, detail=detail)  # type: ignore[arg-type]
        made = result.settle(self.stored[name], health, row, attempt)
        attempt = made.attempt
        health = replace(made.health, chain=attempt.hash, receipts=attempt.receipt)
        after = _free(made.delivery)
        if after.state not in {*ENDED, "pending", "held"}:
            raise ValueError(f"expected an end, pending or held, got {after.state}")
        stops = made.endpoint is not None and made.endpoint.state != "active"
        if after.state == "pending" and (stops or not self.is_active(name)):
            after = after._replace(state="held")
        self.health[name] = health
        self.tried.append(attempt)
        self.put(after)
        if after.state != "pending":
            self.move_up(name, row.lane)
        if made.endpoint is not None and made.endpoint != self.stored[name]:
            self._store(made.endpoint)
        return made._replace(delivery=after, health=health)


class MemoryRecords(MemoryQueue):
    """The deliveries, for those who look, and who want them sent again."""

    async def delivery(self, delivery_id: str) -> tuple[Delivery, Body] | None:
        """Return a delivery and its event, or None."""
        row = self.rows.get(delivery_id)
        return None if row is None else (row, self.bodies[row.event_id])

    async def deliveries(self, query: DeliveryQuery) -> Sequence[tuple[Delivery, Body]]:
        """Return a page, newest first."""
        if not set(query.states) <= set(STATES):
            raise ValueError(f"expected states of {', '.join(STATES)}, got {query.states}")
        found = [
            row
            for row in self.rows.values()
            if query.endpoint_id in {None, row.endpoint_id}
            and query.event_id in {None, row.event_id}
            and (not query.states or row.state in query.states)
            and (query.before is None or row.seq < query.before)
            and (query.after is None or row.seq > query.after)
            and (query.since_us is None or row.created_at_us >= query.since_us)
        ]
        found.sort(key=lambda row: row.seq, reverse=query.after is None)
        return [(row, self.bodies[row.event_id]) for row in found[: query.limit]]

    async def attempts(self, query: AttemptQuery) -> Sequence[Attempt]:
        """Return a page, newest first."""
        found = [
            one
            for one in self.tried
            if query.endpoint_id in {None, one.endpoint_id}
            and query.delivery_id in {None, one.delivery_id}
            and query.event_id in {None, one.event_id}
            and (query.before_receipt is None or one.receipt < query.before_receipt)
        ]
        return found[::-1][: query.limit]

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many deliveries are open, by endpoint and state."""
        found: dict[str, dict[str, int]] = {}
        for row in self.rows.values():
            if row.state in OPEN:
                states = found.setdefault(row.endpoint_id, {})
                states[row.state] = states.get(row.state, 0) + 1
        return found

    async def again(self, delivery_id: str, due_us: int) -> Delivery | None:
        """Send one again."""
        row = self.rows.get(delivery_id)
        return None if row is None else self.resend(row, due_us)

    async def cancel(self, delivery_id: str, now_us: int, reason: str) -> Delivery | None:
        """End an open one that nobody sends now."""
        row = self.rows.get(delivery_id)
        if row is None or row.state in {*ENDED, "sending"}:
            return row
        after = self.put(row._replace(state="cancelled", reason=reason, ended_at_us=now_us))
        if row.state == "pending":
            self.move_up(row.endpoint_id, row.lane)
        return after


class MemoryWebhooks(MemoryRecords):
    """All of it; see `hub.stores.webhooks.Webhooks`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.jobs: dict[str, Replay] = {}
        self.came: list[ReceivedRequest] = []

    async def add_replay(self, replay: Replay) -> None:
        """Keep one."""
        self.jobs[replay.id] = replay

    async def replay(self, replay_id: str) -> Replay | None:
        """Return one, or None."""
        return self.jobs.get(replay_id)

    async def replays(self, limit: int, *, running: bool = False) -> Sequence[Replay]:
        """Return a page, newest first."""
        found = [job for job in self.jobs.values() if not running or job.state == "running"]
        return sorted(found, key=lambda job: (job.created_at_us, job.id), reverse=True)[:limit]

    async def cancel_replay(self, replay_id: str, now_us: int) -> Replay | None:
        """End one that runs. Return it as it is then."""
        job = self.jobs.get(replay_id)
        if job is not None and job.state == "running":
            job = self.jobs[replay_id] = replace(job, state="cancelled", ended_at_us=now_us)
        return job

    async def replay_step(
        self, replay: Replay, then: Replay, again: Sequence[str], new: Sequence[NewDelivery],
        bodies: Sequence[Body],
    ) -> bool:  # fmt: skip
        """Send deliveries again and make new ones, and note how far it has come."""
        if self.jobs.get(replay.id) != replay:
            return False
        self.jobs[replay.id] = then
        for name in again:
            if name in self.rows:
                self.resend(self.rows[name], self.clock.now_us())
        pairs = {(row.endpoint_id, row.event_id): row for row in self.rows.values()}
        for wanted in new:
            there = pairs.get((wanted.endpoint_id, wanted.event_id))
            if there is not None:
                if there.state in {*ENDED, "held"}:
                    self.resend(there, wanted.due_us)
            elif wanted.endpoint_id in self.stored:
                held = self.stored[wanted.endpoint_id].holds
                self.make([wanted._replace(held=held)], bodies)
        return True

    async def forget_replays(self, before_us: int, limit: int) -> int:
        """Forget replays that ended before a time."""
        old = [job for job in self.jobs.values() if job.state != "running"]
        old = [job for job in old if job.ended_at_us < before_us]
        old.sort(key=lambda job: (job.created_at_us, job.id))
        for job in old[:limit]:
            del self.jobs[job.id]
        return len(old[:limit])

    async def keep(self, request: ReceivedRequest, most: int, most_clients: int) -> bool:
        """Keep one, and of its client the newest `most`; False: there are too many clients."""
        clients = {one.client_id for one in self.came}
        if request.client_id not in clients and len(clients) >= most_clients:
            return False
        self.came.append(request)
        for one in [one for one in self.came if one.client_id == request.client_id][:-most]:
            self.came.remove(one)
        return True

    async def received(self, client_id: str, limit: int) -> Sequence[ReceivedRequest]:
        """Return what came for a client, newest first."""
        return [one for one in self.came if one.client_id == client_id][::-1][:limit]

    async def forget_received(self, before_us: int) -> int:
        """Forget what is older than a time; return how many."""
        kept = [one for one in self.came if one.at_us >= before_us]
        gone, self.came = len(self.came) - len(kept), kept
        return gone


def _free(row: Delivery, **changes: object) -> Delivery:
    return row._replace(worker="", lease_until_us=0, **changes)  # type: ignore[arg-type]
