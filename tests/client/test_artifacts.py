"""Artifacts go up and down as bytes or as files."""

from pathlib import Path

import httpx
import pytest

from client.fakes import Caller
from hub_client import NetworkError, RequestRefused

DOWN = httpx.Response(503, content=b"down")


def test_bytes_go_up_raw(caller: Caller) -> None:
    """PUT sends the bytes under their content type; a name is one path segment."""
    caller.answer(httpx.Response(200, json={"size": 3}))

    answer = caller.call("jobs.upload_artifact", "j", "a/b.txt", b"abc", "text/plain")

    (request,) = caller.requests
    assert answer == {"size": 3}
    assert request.url.raw_path == b"/api/jobs/j/artifacts/a%2Fb.txt"
    assert (request.method, request.content) == ("PUT", b"abc")
    assert request.headers["Content-Type"] == "text/plain"


def test_a_file_is_read_anew_on_every_try(caller: Caller, tmp_path: Path) -> None:
    """A retry sends the whole file, with its length."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 300_000)
    caller.answer(DOWN, httpx.Response(200, json={}))

    caller.call("jobs.upload_artifact", "j", "a.bin", path)

    assert [len(request.content) for request in caller.requests] == [300_000, 300_000]
    assert {request.headers["Content-Length"] for request in caller.requests} == {"300000"}


def test_bytes_come_down(caller: Caller) -> None:
    """Without a file the artifact is returned, and a failed try leaves nothing in it."""
    caller.answer(DOWN, httpx.Response(200, content=b"abc"))

    assert caller.call("jobs.download_artifact", "j", "a") == b"abc"


def test_a_file_comes_down_whole(caller: Caller, tmp_path: Path) -> None:
    """The file appears under its name, and nothing beside it."""
    caller.answer(DOWN, httpx.Response(200, content=b"abc"))

    path = caller.call("jobs.download_artifact", "j", "a", tmp_path / "a")

    assert path.read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_download_leaves_the_old_file(caller: Caller, tmp_path: Path) -> None:
    """What was there stays, and no part of the new one is left."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    caller.answer(httpx.Response(404, json={"code": "artifact_not_found"}))

    with pytest.raises(RequestRefused):
        caller.call("jobs.download_artifact", "j", "a", path)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lost_download_says_where_it_was(caller: Caller) -> None:
    """The error of a transfer has its help like any other."""
    caller.answer(httpx.ReadError("reset"))

    with pytest.raises(NetworkError) as caught:
        caller.call("jobs.download_artifact", "j", "a", options={"max_retries": 0})

    assert caught.value.help.startswith("http://hub.test/")
