"""Credentials over HTTP on a hub that asks for them: made, used, rotated, revoked, traded in."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hub.clock import SECOND_US
from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.model.timestamp import to_rfc3339
from hub.model.unit import Head
from hub.services.token_forms import NewKey
from hub.services.tokens import Tokens
from hub.settings.secret import Secret
from hub.telemetry.logging import configure
from support.clocks import FakeClock
from support.raw_http import chunked
from support.running import CONTRACT, RunningHub, running_hub
from support.written import written_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "https://app.example"


class Guarded(NamedTuple):
    """A hub with AUTH=required, and a client of its administrator."""

    hub: RunningHub
    admin: httpx.AsyncClient
    lines: io.StringIO

    async def make(self, **fields: Any) -> dict[str, Any]:
        """Return the answer to a new key."""
        body = {"name": "billing", "roles": ["service"], **fields}
        answer = await self.admin.post("/api/tokens", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def ask(self, token: str, method: str = "GET", path: str = "/api/jobs") -> httpx.Response:
        """Ask as whoever holds a token."""
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=self.hub.url, headers=headers) as client:
            return await client.request(method, path)


@pytest.fixture(scope="module")
def lines() -> Iterator[io.StringIO]:
    """The log of this module's hub."""
    config = structlog.get_config()
    stream = io.StringIO()
    configure(level="DEBUG", form="json", stream=stream)
    yield stream
    structlog.configure(**config)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(
    tmp_path_factory: pytest.TempPathFactory, lines: io.StringIO
) -> AsyncIterator[Guarded]:
    """A hub that lets nobody in without a credential."""
    folder = tmp_path_factory.mktemp("guarded")
    async with running_hub(folder, auth="required", cors_origins=PAGE) as hub:
        root = Principal("root", ("admin",), SCOPES)
        tokens = Tokens(hub.node._log.credentials, hub.node._clock)
        first = await tokens.create(root, NewKey(name="root", roles=["admin"]))
        headers = {"Authorization": f"Bearer {first.token}"}
        async with httpx.AsyncClient(base_url=hub.url, headers=headers) as admin:
            yield Guarded(hub, admin, lines)


@pytest.mark.parametrize(
    "token", ["a b", "x", "hub_x", "hub_000000000000_" + "0" * 49, "e30.e30.", "hub_a_\xe4"]
)
async def test_nobody_comes_in_with_what_is_no_key(guarded: Guarded, token: str) -> None:
    """401 with the scheme that is asked for."""
    async with httpx.AsyncClient(base_url=guarded.hub.url) as client:
        value = f"Bearer {token}".encode("latin-1")
        answer = await client.get("/api/jobs", headers=[(b"Authorization", value)])

    assert (answer.status_code, answer.json()["code"]) == (401, "E_AUTHENTICATION_FAILED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_does_what_it_may(guarded: Guarded) -> None:
    """Its roles' routes are open to it, the others are not."""
    token = (await guarded.make(roles=["user"]))["token"]

    answers = [
        await guarded.ask(token),
        await guarded.ask(token, path="/api/tokens"),
        await guarded.ask(token, "POST", "/update"),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403]


async def test_a_revoked_key_is_refused_at_the_next_request(guarded: Guarded) -> None:
    """On the node that was told, before it answers."""
    made = await guarded.make()
    before = await guarded.ask(made["token"])

    gone = await guarded.admin.delete(f"/api/tokens/{made['key']['id']}")
    after = await guarded.ask(made["token"])

    assert (before.status_code, gone.status_code, gone.json()["state"]) == (200, 200, "revoked")
    assert (after.status_code, "revoked" in after.json()["detail"]) == (401, True)


@pytest.mark.parametrize("by", ["its revocation", "its name", "its end"])
@pytest.mark.parametrize("sized", [True, False], ids=["with a length", "in chunks"])
async def test_a_body_that_comes_after_the_end_of_its_key_does_nothing(
    guarded: Guarded, by: str, *, sized: bool
) -> None:
    """Heads that wait for their bodies would be a stock of deeds that outlive a revocation."""
    clock = guarded.hub.node._clock
    ends = to_rfc3339(clock.now_us() + 3600 * SECOND_US)
    made = await guarded.make(name=f"thief {by} {sized}", roles=["admin"], expires_at=ends)
    body = b'{"name":"mine","roles":["admin"]}'
    reader, writer = await asyncio.open_connection(*guarded.hub.url[7:].split(":"))
    form = f"Content-Length: {len(body)}" if sized else "Transfer-Encoding: chunked"
    head = (
        "POST /api/tokens HTTP/1.1", f"Host: {guarded.hub.url[7:]}", "Expect: 100-continue",
        f"Authorization: Bearer {made['token']}", "Content-Type: application/json", form, "", "",
    )  # fmt: skip
    writer.write("\r\n".join(head).encode())
    # It is known who asks, and the body is waited for.
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")

    if by == "its revocation":
        await guarded.admin.delete(f"/api/tokens/{made['key']['id']}")
    elif by == "its name":
        said = {"credential": f"sub:thief {by} {sized}", "until": "2090-01-01T00:00:00Z"}
        await guarded.admin.post("/api/revocations", json=said)
    else:
        guarded.hub.node.identity.authentication._clock = FakeClock(
            clock.now_us() + 3601 * SECOND_US
        )
    writer.write(body if sized else chunked(body))
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    guarded.hub.node.identity.authentication._clock = clock
    await guarded.admin.delete("/api/revocations", params={"credential": f"sub:thief {by} {sized}"})

    assert answer.startswith(b"HTTP/1.1 401 ")
    listed = (await guarded.admin.get("/api/tokens")).json()["tokens"]
    assert "mine" not in {key["name"] for key in listed}


@pytest.mark.parametrize("kind", ["socket", "stream"])
async def test_a_key_that_ends_while_a_channel_is_looked_up_opens_nothing(
    guarded: Guarded, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not in yet when a revocation is told cannot be ended by it."""
    made = await guarded.make(roles=["viewer"])
    queries = guarded.hub.node.reception._node.queries
    channel = f"late.{kind}"

    async def revoking(_channel: str) -> Head:
        await guarded.admin.delete(f"/api/tokens/{made['key']['id']}")
        return Head()

    monkeypatch.setattr(queries, "head", revoking)
    if kind == "stream":
        status = (
            await guarded.ask(made["token"], path=f"/api/events?channels={channel}")
        ).status_code
    else:
        header = {"Authorization": f"Bearer {made['token']}"}
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{guarded.hub.ws}?channels={channel}", additional_headers=header)
        status = refused.value.response.status_code

    assert status == 401


async def test_a_rotated_key_has_a_new_secret(guarded: Guarded) -> None:
    """With overlap 0 the old one is refused at the next request."""
    made = await guarded.make()
    await guarded.ask(made["token"])
    address = f"/api/tokens/{made['key']['id']}/rotate"

    answer = await guarded.admin.post(address, json={"overlap_s": 0})

    assert answer.status_code == 200
    old, new = await guarded.ask(made["token"]), await guarded.ask(answer.json()["token"])
    assert (old.status_code, old.json()["code"], new.status_code) == (401, "token_expired", 200)


async def test_a_principal_is_locked_out_by_name_and_let_in_again(guarded: Guarded) -> None:
    """With every credential that it has, until the revocation is lifted."""
    name = "https://id.example/mallory"
    token = (await guarded.make(name=name))["token"]
    body = {"credential": f"sub:{name}", "until": "2090-01-01T00:00:00Z"}

    said = await guarded.admin.post("/api/revocations", json=body)
    refused = await guarded.ask(token)
    listed = (await guarded.admin.get("/api/revocations")).json()["revocations"]
    lifted = await guarded.admin.delete("/api/revocations", params={"credential": f"sub:{name}"})

    assert (said.status_code, refused.status_code, lifted.status_code) == (201, 401, 200)
    assert [one["credential"] for one in listed] == [f"sub:{name}"]
    assert lifted.json() == {"revocations": []}
    assert (await guarded.ask(token)).status_code == 200


async def test_a_key_that_may_manage_keys_gives_no_more_than_it_has(guarded: Guarded) -> None:
    """403 on making and on rotating one with more rights or another name."""
    root_id = (await guarded.admin.get("/api/tokens")).json()["tokens"][-1]["id"]
    little = await guarded.make(
        name="anna", roles=["admin"], scopes=["tokens:manage"], channels=["orders.*"]
    )
    headers = {"Authorization": f"Bearer {little['token']}"}
    asked: list[dict[str, Any]] = [
        {"name": "anna", "roles": ["admin"]},
        {"name": "anna", "roles": ["viewer"], "channels": ["orders.eu"]},
        {"name": "anna", "roles": [], "scopes": ["tokens:manage"]},
        {"name": "root", "roles": [], "scopes": ["tokens:manage"], "channels": ["orders.eu"]},
    ]

    async with httpx.AsyncClient(base_url=guarded.hub.url, headers=headers) as client:
        made = [await client.post("/api/tokens", json=body) for body in asked]
        rotated = await client.post(f"/api/tokens/{root_id}/rotate", json={})
        body = {"name": "anna", "scopes": ["tokens:manage"], "channels": ["orders.eu"]}
        within = await client.post("/api/tokens", json=body)

    assert [answer.status_code for answer in [*made, rotated]] == [403] * 5
    assert within.status_code == 201


@pytest.mark.parametrize("path", ["/api/tokens", "/api/tokens/{id}/rotate"])
async def test_no_secret_is_kept_for_a_retry(guarded: Guarded, path: str) -> None:
    """An Idempotency-Key is refused, and nothing was done: the answer would have to be kept."""
    key = (await guarded.make())["key"]
    body = {} if "rotate" in path else {"name": "n", "roles": ["user"]}
    count = len((await guarded.admin.get("/api/tokens?limit=1000")).json()["tokens"])

    answer = await guarded.admin.post(
        path.format(id=key["id"]), json=body, headers={"Idempotency-Key": "k"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert len((await guarded.admin.get("/api/tokens?limit=1000")).json()["tokens"]) == count
    assert (await guarded.admin.get(f"/api/tokens/{key['id']}")).json() == key


async def test_keys_are_listed_page_by_page(guarded: Guarded) -> None:
    """`next` is the `before` of the next page; anything else is a clear fault."""
    for _ in range(3):
        await guarded.make()
    everything = (await guarded.admin.get("/api/tokens?limit=1000")).json()["tokens"]

    first = (await guarded.admin.get("/api/tokens?limit=2")).json()
    second = (await guarded.admin.get(f"/api/tokens?limit=1&before={first['next']}")).json()

    assert first["tokens"] + second["tokens"] == everything[:3]
    assert (await guarded.admin.get("/api/tokens?before=x")).status_code == 422


async def test_a_ticket_is_for_who_asks_and_the_page_it_asks_from(guarded: Guarded) -> None:
    """It is a principal's once, and never in the store as it is shown."""
    tickets = guarded.hub.node.identity.tickets
    token = (await guarded.make(roles=["user"], name="anna"))["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": PAGE}
    async with httpx.AsyncClient(base_url=guarded.hub.url, headers=headers) as page:
        answer = await page.post("/api/ws/ticket", headers={"Idempotency-Key": "k"})
        again = await page.post("/api/ws/ticket", headers={"Idempotency-Key": "k"})

    ticket = answer.json()["ticket"]
    principal = await tickets.redeem(ticket, PAGE)

    assert (answer.status_code, again.json()["ticket"] != ticket) == (201, True)
    assert (principal.name, principal.roles) == ("anna", ("user",))


async def test_a_ticket_needs_the_right_to_read(guarded: Guarded) -> None:
    """Else it would open a socket that may show nothing."""
    token = (await guarded.make(roles=["publisher"]))["token"]

    assert (await guarded.ask(token, "POST", "/api/ws/ticket")).status_code == 403


async def test_no_secret_is_in_the_log_nor_on_the_disk(
    guarded: Guarded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever somebody has put it: in a header, in a path, in a query, in a body."""
    made = await guarded.make()
    ticket = (await guarded.ask(made["token"], "POST", "/api/ws/ticket")).json()["ticket"]
    secret = made["token"].rpartition("_")[2]
    await guarded.ask(made["token"], path=f"/api/tokens/{made['token']}")
    await guarded.admin.get(f"/api/tokens/{made['token']}")
    await guarded.admin.delete(f"/api/tokens/{made['token']}")
    await guarded.admin.get(f"/nowhere%3Fticket={ticket}")
    await guarded.admin.get(f"/ws?ticket={ticket}")
    await guarded.admin.post("/api/tokens", json={"name": made["token"], "roles": [ticket]})
    await guarded.admin.post("/update", json={**CONTRACT, "status": secret})
    async with asyncio.timeout(10):
        while "/update" not in guarded.lines.getvalue():  # noqa: ASYNC110 the log has no event
            await asyncio.sleep(0.01)

    logged = guarded.lines.getvalue()
    written = written_in(tmp_path_factory.getbasetemp())
    for text in (secret, ticket):
        assert text not in logged
        assert text.encode() not in written
    assert made["key"]["id"] in logged


@pytest.mark.parametrize("roles", ["admin", "viewer"])
async def test_each_static_key_lets_in(
    tmp_path_factory: pytest.TempPathFactory, roles: str
) -> None:
    """With the roles of the setting, beside the keys that the hub makes itself."""
    keys = ["hub_in-front-of-a-static-key", "another-k3y-of-the-environment"]
    settings = {"api_key": Secret(", ".join(keys)), "api_key_roles": roles}
    async with (
        running_hub(tmp_path_factory.mktemp("static"), **settings) as hub,
        httpx.AsyncClient(base_url=hub.url) as client,
    ):
        asked = [
            await client.get(path, headers={"Authorization": f"Bearer {key}"})
            for key in [*keys, ", ".join(keys), "hub_in-front"]
            for path in ("/api/jobs", "/api/tokens")
        ]

    may = [200, 200] if roles == "admin" else [200, 403]
    assert [answer.status_code for answer in asked] == [*may, *may, 401, 401, 401, 401]
