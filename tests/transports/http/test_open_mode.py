"""Open mode over HTTP: only this machine, no foreign page, no proxy; CORS for those named."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from support.running import CONTRACT, RunningHub, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = "https://app.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a hub that lets one foreign page ask."""
    folder = tmp_path_factory.mktemp("cors")
    async with (
        running_hub(folder, cors_origins=APP) as hub,
        httpx.AsyncClient(base_url=hub.url) as client,
    ):
        yield client


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"])
async def test_this_machines_own_names_are_let_in(http: httpx.AsyncClient, host: str) -> None:
    """With any port: a tunnel may change it."""
    assert (await http.get("/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]"],
)
async def test_other_names_are_refused(http: httpx.AsyncClient, host: str) -> None:
    """A name that an attacker made point here (DNS rebinding)."""
    answer = await http.get("/health", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_host")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_foreign_pages_are_refused(http: httpx.AsyncClient, origin: str, method: str) -> None:
    """A page of another origin, be it another port, may neither read nor write."""
    answer = await http.request(method, "/update", json=CONTRACT, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers


async def test_our_own_page_may_ask(hub: RunningHub, http: httpx.AsyncClient) -> None:
    """The dashboard's origin is the hub's own."""
    answer = await http.post("/update", json=CONTRACT, headers={"Origin": hub.url})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]
)
async def test_a_proxy_in_front_is_refused(http: httpx.AsyncClient, name: str) -> None:
    """It would open the hub to whoever reaches the proxy."""
    answer = await http.get("/health", headers={name: "for=127.0.0.1"})

    assert (answer.status_code, answer.json()["code"]) == (403, "proxied_in_open_mode")


async def test_a_named_page_may_ask(cors: httpx.AsyncClient) -> None:
    """One of CORS_ORIGINS reads answers; credentials are never allowed."""
    answer = await cors.post("/update", json=CONTRACT, headers={"Origin": APP})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


async def test_a_named_page_reads_refusals_too(cors: httpx.AsyncClient) -> None:
    """Else a script would only see that something failed."""
    answer = await cors.post("/update", json={}, headers={"Origin": APP})

    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize("header", ["content-type", "idempotency-key", "last-event-id"])
async def test_a_named_page_is_told_what_it_may_send(cors: httpx.AsyncClient, header: str) -> None:
    """The browser's question before the request is answered."""
    asks = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": header,
    }

    answer = await cors.options("/update", headers=asks)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP


async def test_other_pages_are_still_refused(cors: httpx.AsyncClient) -> None:
    """Naming one page lets in that one."""
    headers = {"Origin": "https://other.example"}
    asks = {**headers, "Access-Control-Request-Method": "POST"}

    posted = await cors.post("/update", json=CONTRACT, headers=headers)
    asked = await cors.options("/update", headers=asks)

    assert posted.json()["code"] == "foreign_origin"
    assert asked.status_code == 400
    for answer in (posted, asked):
        assert "access-control-allow-origin" not in answer.headers
