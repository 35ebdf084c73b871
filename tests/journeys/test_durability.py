"""The commit really syncs: seen from outside, in the system calls."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.running import CONTRACT, HubProcess, hub_process


@pytest.fixture
def strace() -> str:
    """The program, installed by `make tools`; with CI=true its absence is a failure."""
    found = shutil.which("strace")
    if found is None:
        assert os.environ.get("CI") != "true", "strace is not installed: run `make tools`"
        pytest.skip("strace is not installed: run `make tools`")
    return found


@pytest.fixture
def process(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of its own."""
    with hub_process(tmp_path) as running:
        yield running


async def test_fdatasync_lies_between_a_post_and_its_answer(
    strace: str, process: HubProcess, tmp_path: Path
) -> None:
    """The acknowledgement leaves after the disk has said yes."""
    trace = tmp_path / "trace"
    calls = "trace=read,recvfrom,fdatasync,write,sendto,writev"
    tracer = await asyncio.create_subprocess_exec(
        *(strace, "-f", "-s", "64", "-e", calls, "-o", str(trace), "-p", str(process.pid)),
        stderr=subprocess.PIPE,
    )
    assert tracer.stderr is not None
    await tracer.stderr.readline()  # "attached"

    async with httpx.AsyncClient(base_url=process.url) as client:
        assert (await client.post("/update", json=CONTRACT)).status_code == 200
    tracer.terminate()
    await tracer.wait()

    lines = trace.read_text().splitlines()
    asked = next(n for n, line in enumerate(lines) if "POST /update" in line)
    answered = next(n for n, line in enumerate(lines) if "HTTP/1.1 200" in line)
    between = "\n".join(lines[asked:answered])
    assert re.search(r"fdatasync.*= 0", between), between
