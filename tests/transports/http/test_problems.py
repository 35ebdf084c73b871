"""Every code that HTTP can tell, brought about by a request on a real hub."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from hub.errors import (
    BadFrame,
    ConnectionEnded,
    ConnectionLimit,
    Disconnected,
    Forbidden,
    HeadTooLarge,
    HeartbeatTimeout,
    HubError,
    InvalidCommand,
    LogUnavailable,
    Misconfigured,
    OutcomeUnknown,
    Reconnect,
    SlowConsumer,
    TokenRevoked,
    TooManyConnections,
    Unavailable,
)
from hub.webhooks.callbacks import MAX_OWN
from support.principals import Tokens, principal
from support.running import CONTRACT, RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Names of families; codes of sockets; a client that left; a hub that does not start; a bug.
UNTOLD = {
    error.code
    for error in (
        Forbidden, Unavailable, InvalidCommand, BadFrame, HeartbeatTimeout, SlowConsumer,
        ConnectionEnded, Misconfigured, HubError, TooManyConnections, TokenRevoked,
        ConnectionLimit, HeadTooLarge, Disconnected, Reconnect,
    )
}  # fmt: skip

Trouble = Callable[[RunningHub, httpx.AsyncClient], Awaitable[httpx.Response]]


class Broken:
    """A log whose commits fail."""

    def __init__(self, log: Any, failure: HubError) -> None:
        self._log = log
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def commit(self, _units: object) -> Any:
        """Fail."""
        raise self._failure


def request(method: str, path: str, **rest: Any) -> Trouble:
    """Return what asks for trouble by a request alone."""

    async def ask(_hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
        return await http.request(method, path, **rest)

    return ask


def on_job(method: str, path: str, *reports: str, **rest: Any) -> Trouble:
    """Return what asks for trouble with a job that has been reported so."""

    async def ask(_hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
        job = f"/api/jobs/{(await http.post('/api/jobs', json={})).json()['job_id']}"
        for status in reports:
            await http.post(f"{job}/status", json={"status": status})
        await http.put(f"{job}/artifacts/there", content=b"x")
        return await http.request(method, f"{job}{path}", **rest)

    return ask


async def twice(_hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Use a key for two bodies."""
    headers = {"Idempotency-Key": "k"}
    await http.post("/api/jobs", json={}, headers=headers)
    return await http.post("/api/jobs", json={"metadata": {}}, headers=headers)


async def too_many(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Post while as many wait as may."""
    hub.node._publisher._max_waiting = 0
    return await http.post("/update", json=CONTRACT)


async def unreached(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Send somebody away who is not here, while the way to the other nodes is cut."""
    hub.node._polls._reaches = lambda: False
    return await http.delete("/api/connections/nobody")


async def another_kind(_hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Have a channel that was made durable become volatile."""
    await http.put("/api/channels/orders", json={"durable": True})
    return await http.put("/api/channels/orders", json={"durable": False})


async def too_fast(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Publish more to a volatile channel than it takes in two seconds."""
    hub.node._volatile._max_per_s = 1
    await http.put("/api/channels/moves", json={"durable": False})
    await http.post("/api/channels/moves/events", json=[EVENT] * 3)
    return await http.post("/api/channels/moves/events", json=EVENT)


async def stopping(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Post while the hub stops."""
    await hub.node._publisher.close()
    return await http.post("/update", json=CONTRACT)


def on_broken_log(failure: HubError) -> Trouble:
    """Return what posts while commits fail like that."""

    async def ask(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
        publisher: Any = hub.node._publisher
        publisher._log = Broken(publisher._log, failure)
        return await http.post("/update", json=CONTRACT)

    return ask


async def gone_back(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Have seen more than is in the log, and wait until the node finds that."""
    hub.node._fanout.feeds["jobs"].head = 7
    async with asyncio.timeout(10):
        while (answer := await http.get("/ready")).is_success:  # noqa: ASYNC110 the node looks
            await asyncio.sleep(0.02)
    return answer


async def unknown(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Ask without a token where one is needed."""
    hub.node.identity.authentication.required = True
    return await http.get("/contracts/status")


async def expired(hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Ask with a token whose time is over."""
    authentication: Any = hub.node.identity.authentication
    authentication.required = True
    authentication._sources = (Tokens(old=principal("anna", "viewer", expires_us=1)),)
    return await http.get("/contracts/status", headers={"Authorization": "Bearer old"})


async def one_more(_hub: RunningHub, http: httpx.AsyncClient) -> httpx.Response:
    """Register callbacks for one end until one is too many."""
    for number in range(MAX_OWN):
        await http.post("/api/callbacks", json={**CALLBACK, "client_id": f"c-{number}"})
    return await http.post("/api/callbacks", json={**CALLBACK, "client_id": "one more"})


CALLBACK = {"task_id": "t", "callback_url": "https://example.com/hook"}
PRIVATE = {"url": "https://10.0.0.1/hook"}
SHARED = {"url": "https://example.com/hook", "encryption": {"jwk": {"kty": "oct", "k": "AAAA"}}}
JSON = {"Content-Type": "application/json"}
EVENT = {"type": "a", "data": {}}
FAR = {"Range": "bytes=9-"}
CODES = {
    "invalid_request": request("GET", "/update%00"),
    "malformed_body": request("POST", "/update", content="{", headers=JSON),
    "validation_failed": request("POST", "/update", json={}),
    "E_INVALID_STATUS": request("POST", "/api/jobs/x/status", json={"status": "BUSY"}),
    "body_too_large": request("POST", "/update", json={"x": "x" * 2_000_000}),
    "range_not_satisfiable": on_job("GET", "/artifacts/there", headers=FAR),
    "unsupported_media_type": request("POST", "/update", content="{}"),
    "idempotency_key_reused": twice,
    "foreign_host": request("GET", "/health", headers={"Host": "evil.example"}),
    "foreign_origin": request("GET", "/health", headers={"Origin": "http://evil.example"}),
    "proxied_in_open_mode": request("GET", "/health", headers={"X-Forwarded-For": "1.2.3.4"}),
    "E_AUTHENTICATION_FAILED": unknown,
    "token_expired": expired,
    "reserved_channel": request("POST", "/api/channels/jobs/events", json=EVENT),
    "not_found": request("GET", "/nowhere"),
    "E_JOB_NOT_FOUND": request("GET", "/api/jobs/nobody"),
    "artifact_not_found": on_job("GET", "/artifacts/nothing"),
    "channel_not_found": request("GET", "/api/channels/NO/history"),
    "token_not_found": request("GET", "/api/tokens/nobody"),
    "revocation_not_found": request("DELETE", "/api/revocations?credential=sub:nobody"),
    "connection_not_found": request("DELETE", "/api/connections/nobody"),
    "nodes_silent": unreached,
    "event_not_found": request("GET", "/api/events/nothing/trace"),
    "method_not_allowed": request("DELETE", "/update"),
    "upgrade_required": request("GET", "/ws"),
    "input_not_expected": on_job("POST", "/input", json={"input": 1}),
    "conflict": another_kind,
    "overloaded": too_many,
    "log_went_back": gone_back,
    "rate_limited": too_fast,
    "log_unavailable": on_broken_log(LogUnavailable("the disk is full")),
    "outcome_unknown": on_broken_log(OutcomeUnknown("the disk failed at the commit")),
    "draining": stopping,
    "webhook_not_found": request("GET", "/api/webhooks/ep_none"),
    "delivery_not_found": request("GET", "/api/deliveries/dl_none"),
    "replay_not_found": request("GET", "/api/replays/rp_none"),
    "webhook_url_refused": request("POST", "/api/webhooks", json=PRIVATE),
    "webhook_key_refused": request("POST", "/api/webhooks", json=SHARED),
    "too_many_webhooks": one_more,
    "loop_detected": request("POST", "/update", json=CONTRACT, headers={"Hub-Hop": "1"}),
}  # fmt: skip


def codes() -> dict[str, type[HubError]]:
    """Return every code with a class of it."""
    classes = [HubError]
    for one in classes:
        classes += one.__subclasses__()
    return {one.code: one for one in classes}


async def test_no_code_is_forgotten() -> None:
    """A new error needs a request that brings it about, or a reason why HTTP never tells it."""
    assert set(CODES) == set(codes()) - UNTOLD


@pytest.mark.parametrize("code", CODES)
async def test_a_code_is_told(fresh_hub: RunningHub, fresh: httpx.AsyncClient, code: str) -> None:
    """The request that brings a code about gets it, with the status of its class."""
    answer = await CODES[code](fresh_hub, fresh)

    told = answer.json()
    assert told["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code in {429, 503}) == ("retry-after" in answer.headers)
    if code != "E_INVALID_STATUS":  # has two statuses: 422 for no word, 409 for no way
        assert answer.status_code == codes()[code].status


async def test_an_illegal_move_is_the_other_face_of_e_invalid_status(
    http: httpx.AsyncClient, hub: RunningHub
) -> None:
    """The same code, for a word that exists but leads nowhere from here."""
    answer = await on_job(
        "POST", "/status", "RUNNING", json={"status": "PENDING"}
    )(hub, http)  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (409, "E_INVALID_STATUS")


async def test_nothing_is_kept_of_what_the_disk_refused(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """A 503 means: not there. The retry, when the disk is back, is the first."""
    publisher: Any = fresh_hub.node._publisher
    log = publisher._log
    publisher._log = Broken(log, LogUnavailable("the disk is full"))
    headers = {"Idempotency-Key": "k"}
    refused = await fresh.post("/update", json=CONTRACT, headers=headers)
    publisher._log = log

    taken = await fresh.post("/update", json=CONTRACT, headers=headers)

    assert (refused.status_code, taken.status_code, taken.json()["offset"]) == (503, 200, 1)
