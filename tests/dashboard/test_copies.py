"""What is copied from the inspector does what the page shows, whatever a thing is called."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import Page, expect

from support.javascript import FOLDER, node
from support.running import CONTRACT, HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE_S = 60
HOSTILE = [
    pytest.param(
        'it\'s "5" $(touch pwned) `touch pwned` \\ é 雪, b=; touch pwned # true',
        id="quotes, blanks, commas and what a shell would run",
    ),
    pytest.param("2024", id="a text that could be a number"),
    pytest.param("is-true", id="a word of Python's in a word"),
    pytest.param('"quoted"', id="a text that is JSON"),
    pytest.param("a\n\x1b[201~b\u202e", id="what a terminal would obey"),
]


async def post(rest: httpx.AsyncClient, name: str) -> str:
    """Send a contract update; return its position."""
    told = (await rest.post("/update", json={**CONTRACT, "contract_id": name})).json()
    return f"{told['epoch']}:{told['offset']}"


@contextlib.asynccontextmanager
async def run(folder: Path, *command: str, stdin: str = "") -> AsyncIterator[asyncio.StreamReader]:
    """Run a program until it is left; what it writes is read."""
    (folder / "hub").write_text(f'#!/bin/sh\nexec {sys.executable} -m hub "$@"\n')
    (folder / "hub").chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        "PYTHONUNBUFFERED": "1",
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=pipe,
        stdout=pipe,
        cwd=FOLDER if command[0] == node() else folder,
        env=environ,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stdin.encode())
    process.stdin.close()
    try:
        yield process.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        await process.wait()


async def first(stream: asyncio.StreamReader, words: str) -> str:
    """Return the first line with these words."""
    async with asyncio.timeout(PATIENCE_S):
        async for line in stream:
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"expected a line with {words}, got none")


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_copied_runs_as_it_stands(
    page: Page, served: HubProcess, rest: httpx.AsyncClient, tmp_path: Path, name: str
) -> None:
    """curl, Python, JavaScript and `hub tail` bring the one contract, and run nothing else."""
    before = await post(rest, f"before {name}")
    await post(rest, f"other {name}")
    at = (await post(rest, name)).rpartition(":")[2]
    await page.goto(f"{served.url}/#/contracts?q={quote(name.splitlines()[0])}")
    rows = page.locator("hub-contracts tbody tr:not(.gap):visible")
    title = re.compile(f"^{re.escape(name)}$")
    await rows.filter(has=page.get_by_title(title)).get_by_role("link").click()
    await expect(page.locator(".log tbody tr:not(.gap):not(.note):visible")).to_have_count(1)

    await page.goto(f"{served.url}/#/inspect/contracts@{before}")
    programs = {
        "curl": ("bash", "-s"),
        "hub tail": ("bash", "-s"),
        "Python": (sys.executable, "-"),
        "JavaScript": (node(), "--input-type=module", "-"),
    }
    for kind, command in programs.items():
        await page.get_by_label("Copy as").get_by_role("button", name=kind).click()
        code = await page.locator("hub-copies code").inner_text()
        if kind == "JavaScript":
            code = f'import WebSocket from "ws"; globalThis.WebSocket ??= WebSocket;\n{code}'

        async with run(tmp_path, *command, stdin=code) as output:
            line = await first(output, '"offset"' if kind == "curl" else "")

        assert re.search(rf"[:#]{at}\b", line), (kind, line)
    assert not (tmp_path / "pwned").exists()
    assert not (FOLDER / "pwned").exists()


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("--url=http%3A%2F%2Fevil.example", id="an option"),
        pytest.param("contracts%3Btouch%20pwned", id="a second command as a channel"),
        pytest.param("contracts@$(touch%20pwned):3", id="a command as an epoch"),
    ],
)
async def test_an_address_writes_no_command(page: Page, served: HubProcess, place: str) -> None:
    """A link that somebody was sent is said to be none, and stands in nothing that is copied."""
    await page.goto(f"{served.url}/#/inspect/{place}")
    await page.get_by_role("button", name="hub tail").click()

    await expect(page.get_by_role("alert").filter(has_text="expected a channel")).to_be_visible()
    await expect(page.locator("hub-copies code")).to_have_text(
        f"hub tail contracts --url {served.url}"
    )
