"""Artifacts over HTTP: up whole, down in ranges, and never run in the hub's origin."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
import pytest
import pytest_asyncio

from support.raw_http import send
from support.running import RunningHub, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTENT = bytes(range(256)) * 4
NAMES = [
    pytest.param("report.txt", id="plain"),
    pytest.param("Bericht über Łódź.pdf", id="spaces and letters of many scripts"),
    pytest.param("日本語.zip", id="no letter of ASCII"),
    pytest.param('a"b;c=d.txt', id="what a header must quote"),
    pytest.param("100%?#&.txt", id="what an address must quote"),
    pytest.param("page.html", id="what a browser would run"),
]


async def new_job(http: httpx.AsyncClient) -> str:
    """Create a job and return its id."""
    created: str = (await http.post("/api/jobs", json={})).json()["job_id"]
    return created


@pytest_asyncio.fixture(loop_scope="module")
async def address(http: httpx.AsyncClient) -> str:
    """Where an uploaded artifact is."""
    path = f"/api/jobs/{await new_job(http)}/artifacts/a.bin"
    await http.put(path, content=CONTENT)
    return path


async def link(http: httpx.AsyncClient, url: str) -> httpx.Response:
    """Report an artifact that lies elsewhere."""
    artifacts = [{"name": "a.bin", "download_url": url, "path": "/etc/passwd"}]
    body = {"final_status": "DONE", "final_artifacts": artifacts}
    job_id = await new_job(http)
    refused = await http.post(f"/api/jobs/{job_id}/complete", json=body)
    if refused.is_error:
        return refused
    return await http.get(f"/api/jobs/{job_id}/artifacts/a.bin")


@pytest.mark.parametrize("name", NAMES)
async def test_content_comes_back_under_its_name(http: httpx.AsyncClient, name: str) -> None:
    """`download_url` leads to the same bytes, saved under the name they were uploaded with."""
    job_id = await new_job(http)
    url = f"/api/jobs/{job_id}/artifacts/{quote(name, safe='')}"
    uploaded = await http.put(url, content=CONTENT)
    artifact = (await http.get(f"/api/jobs/{job_id}")).json()["job"]["artifacts"][0]

    answer = await http.get(artifact["download_url"])

    assert (uploaded.status_code, artifact["name"], artifact["size"]) == (200, name, 1024)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert _saved_as(answer) == name


def _saved_as(answer: httpx.Response) -> str:
    kind: str
    rest: str
    kind, _, rest = answer.headers["content-disposition"].partition("; filename")
    assert kind == "attachment"
    if rest.startswith("*="):
        return unquote(rest.removeprefix("*=utf-8''"))
    return rest.removeprefix("=").strip('"')


async def test_content_is_never_run_in_our_origin(http: httpx.AsyncClient, address: str) -> None:
    """Saved, not shown; not guessed at; and without rights if it is shown all the same."""
    headers = (await http.get(address)).headers

    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"


async def test_head_tells_without_sending(http: httpx.AsyncClient, address: str) -> None:
    """HEAD has the headers of GET and no body."""
    head, get = await http.head(address), await http.get(address)

    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "accept-ranges", "content-disposition"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        pytest.param("bytes=0-9", CONTENT[:10], id="the first ten"),
        pytest.param("bytes=1000-", CONTENT[1000:], id="from a place on"),
        pytest.param("bytes=-5", CONTENT[-5:], id="the last five"),
        pytest.param("bytes=1000-99999", CONTENT[1000:], id="beyond the end"),
    ],
)
async def test_a_range_is_a_part(
    http: httpx.AsyncClient, address: str, range_: str, expected: bytes
) -> None:
    """206 with exactly the bytes that were asked for."""
    answer = await http.get(address, headers={"Range": range_})

    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"].endswith("/1024")


async def test_several_ranges_come_in_parts(http: httpx.AsyncClient, address: str) -> None:
    """As `multipart/byteranges`."""
    answer = await http.get(address, headers={"Range": "bytes=0-1,10-11"})

    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert CONTENT[10:12] in answer.content


@pytest.mark.parametrize(
    ("range_", "status", "code"),
    [
        pytest.param("bytes=5000-", 416, "range_not_satisfiable", id="behind the end"),
        pytest.param("bytes=9-1", 400, "invalid_request", id="backwards"),
        pytest.param("lines=1-2", 400, "invalid_request", id="another unit"),
        pytest.param("bytes", 400, "invalid_request", id="no range at all"),
        pytest.param("bytes=x-y", 400, "invalid_request", id="no numbers"),
    ],
)
async def test_a_range_that_is_none_is_refused(
    http: httpx.AsyncClient, address: str, range_: str, status: int, code: str
) -> None:
    """In the form that all refusals have; 416 tells how long the content is."""
    answer = await http.get(address, headers={"Range": range_})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 416:
        assert answer.headers["content-range"] == "bytes */1024"


async def test_known_content_is_not_sent_again(http: httpx.AsyncClient, address: str) -> None:
    """`If-None-Match` with the ETag is 304; with another it is the content."""
    etag = (await http.get(address)).headers["etag"]

    known = await http.get(address, headers={"If-None-Match": f'"x", W/{etag}'})
    anything = await http.get(address, headers={"If-None-Match": "*"})
    other = await http.get(address, headers={"If-None-Match": '"x"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    assert (anything.status_code, other.status_code) == (304, 200)


async def test_a_range_of_replaced_content_starts_over(
    http: httpx.AsyncClient, address: str
) -> None:
    """A resumed download never joins two contents: `If-Range` compares the ETag."""
    etag = (await http.get(address)).headers["etag"]
    resume = {"Range": "bytes=10-", "If-Range": etag}
    resumed = await http.get(address, headers=resume)
    await http.put(address, content=b"new content of the same name")

    restarted = await http.get(address, headers=resume)

    assert (resumed.status_code, resumed.content) == (206, CONTENT[10:])
    assert (restarted.status_code, restarted.content) == (200, b"new content of the same name")
    assert restarted.headers["etag"] != etag


async def test_an_upload_is_told_to_everybody(http: httpx.AsyncClient, address: str) -> None:
    """A `job_update` with the artifact and its address."""
    events = (await http.get("/api/channels/jobs/history")).json()["events"]

    artifact = events[-1]["data"]["artifacts"][0]
    assert (artifact["name"], artifact["size"], artifact["download_url"]) == (
        "a.bin", 1024, address
    )  # fmt: skip


async def test_a_link_is_redirected_to(http: httpx.AsyncClient) -> None:
    """The hub sends the caller there and does not fetch it."""
    answer = await link(http, "https://files.example/a b%20c?x=1".replace(" ", "%20"))

    assert answer.status_code == 302
    assert answer.headers["location"] == "https://files.example/a%20b%20c?x=1"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "//evil.example"])
async def test_only_http_is_linked_to(http: httpx.AsyncClient, url: str) -> None:
    """Other schemes are refused when they are reported."""
    answer = await link(http, url)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "$.final_artifacts[0].download_url"


async def test_a_label_is_not_a_file(http: httpx.AsyncClient, tmp_path: Path) -> None:
    """A reported path is never opened, even where it names a file of this machine."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    job_id = await new_job(http)
    artifacts = [{"name": "secret.txt", "path": str(secret)}]
    body = {"final_status": "DONE", "final_artifacts": artifacts}
    await http.post(f"/api/jobs/{job_id}/complete", json=body)

    answer = await http.get(f"/api/jobs/{job_id}/artifacts/secret.txt")

    assert (answer.status_code, answer.json()["code"]) == (404, "artifact_not_found")


async def test_a_file_that_is_gone_is_not_found(hub: RunningHub, http: httpx.AsyncClient) -> None:
    """Somebody who empties the folder gets a clear answer, not a 500."""
    path = f"/api/jobs/{await new_job(http)}/artifacts/a.bin"
    await http.put(path, content=b"x")
    for file in hub.node._settings.artifacts_folder.iterdir():
        file.unlink()

    answer = await http.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "artifact_not_found")


async def pieces(count: int) -> AsyncIterator[bytes]:
    """Yield pieces of a body whose length is not told."""
    for _ in range(count):
        yield b"x" * 1_000


async def test_the_size_limit_holds_with_and_without_a_length(tmp_path: Path) -> None:
    """One byte more than the limit is 413, however it is sent; the limit itself is taken."""
    async with (
        running_hub(tmp_path, max_artifact_bytes=10_000) as hub,
        httpx.AsyncClient(base_url=hub.url) as http,
    ):
        path = f"/api/jobs/{await new_job(http)}/artifacts/a.bin"
        bodies: list[Any] = [b"x" * 10_001, pieces(11), b"x" * 10_000, pieces(10)]
        answers = [(await http.put(path, content=body)).status_code for body in bodies]
        files = list(hub.node._settings.artifacts_folder.iterdir())

    assert answers == [413, 413, 200, 200]
    assert {file.stat().st_size for file in files} == {10_000}


async def test_a_client_that_goes_away_leaves_nothing(hub: RunningHub) -> None:
    """Half a file is no artifact: no event, no file."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        job_id = await new_job(http)
        folder = hub.node._settings.artifacts_folder
        parts = urlsplit(hub.url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = (
            f"PUT /api/jobs/{job_id}/artifacts/a.bin HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Length: 1000\r\n\r\n"
        )
        writer.write(head.encode() + b"x" * 10)
        await _until(lambda: folder.exists() and any(folder.iterdir()))
        writer.close()
        await _until(lambda: not any(folder.iterdir()))
        job = (await http.get(f"/api/jobs/{job_id}")).json()["job"]

    assert job["artifacts"] == []


async def _until(happened: Any) -> None:
    """Wait for what the operating system decides."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 it happens outside of this process
            await asyncio.sleep(0.01)


async def test_an_empty_artifact_is_one(http: httpx.AsyncClient) -> None:
    """Nothing is a content like any other."""
    path = f"/api/jobs/{await new_job(http)}/artifacts/empty"

    await http.put(path, content=b"")

    answer = await http.get(path)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_refused_upload_is_answered_before_it_is_read(hub: RunningHub) -> None:
    """A client that waits for 100 Continue hears the refusal and need not send."""
    answer = await send(
        hub.url,
        "PUT /api/jobs/nobody/artifacts/a.bin",
        f"Content-Length: {10**12}",
        "Expect: 100-continue",
    )

    assert (answer.status, answer.json()["code"]) == (404, "E_JOB_NOT_FOUND")
