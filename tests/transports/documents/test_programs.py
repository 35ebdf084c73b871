"""The Python of the guides, run as it stands against a hub."""

import asyncio
import base64
import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.transports.http.site.contents import NAMES
from hub.transports.http.site.texts import read_page
from support.running import CONTRACT, HubProcess, hub_process

ENDLESS = [("start", 0), ("start", 1), ("scenes", 0)]
FASTAPI = [("from-fastapi", 0), ("from-fastapi", 1)]
RECEIVER = [("webhooks", 0)]
# test_texts.py runs them.
ELSEWHERE = [("jobs", 0), ("jobs", 1), ("jobs", 2)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that answers."""
    with hub_process(tmp_path_factory.mktemp("served")) as hub:
        yield hub


def blocks(page: str) -> list[str]:
    """Return the Python of a page."""
    return re.findall(r"^```python\n(.*?)^```", read_page(page), re.MULTILINE | re.DOTALL)


def followers(hub: HubProcess) -> int:
    """Return how many clients follow contracts."""
    return int(httpx.get(f"{hub.url}/api/channels/contracts").json()["followers"])


@pytest.mark.parametrize(("page", "number"), ENDLESS)
def test_a_listener_prints_what_is_posted(
    page: str, number: int, served: HubProcess, tmp_path: Path
) -> None:
    """The event itself, or the position that it has."""
    program = tmp_path / "program.py"
    program.write_text(blocks(page)[number].replace("localhost:8000", f"127.0.0.1:{served.port}"))
    there = followers(served)
    process = subprocess.Popen(
        [sys.executable, "-u", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None and followers(served) == there:
        pass
    contract = {**CONTRACT, "contract_id": f"of-{page}-{number}"}
    answer = httpx.post(f"{served.url}/update", json=contract).json()
    words = (contract["contract_id"], f"{answer['epoch']}:{answer['offset']}")

    assert process.stdout is not None
    seen = any(any(word in line for word in words) for line in process.stdout)
    process.kill()
    process.communicate()
    assert seen


def test_the_step_from_fastapi_sends(served: HubProcess) -> None:
    """The application's own route hands its contract to the hub."""
    names: dict[str, Any] = {}
    exec(blocks("from-fastapi")[1].replace("http://localhost:8000", served.url), names)  # noqa: S102

    async def route() -> Any:
        async with names["hub"]:
            return await names["update"]({**CONTRACT, "contract_id": "from FastAPI"})

    assert asyncio.run(route())["applied"] is True


def test_the_receiver_of_the_guide_believes_what_is_signed() -> None:
    """And gets the event that sockets get."""
    secret = "whsec_" + base64.b64encode(b"a" * 32).decode()
    event = {"type": "order_placed", "channel": "orders", "data": {"order": 4711}}
    body = json.dumps({**event, "offset": 1, "id": "m1", "timestamp": "2026-01-01T12:00:00Z"})
    at = int(time.time())
    signed = hmac.new(b"a" * 32, f"m1.{at}.{body}".encode(), "sha256").digest()
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
    names: dict[str, Any] = {"body": body.encode(), "headers": headers}

    exec(blocks("webhooks")[0].replace("whsec_…", secret), names)  # noqa: S102

    assert names["event"].data == {"order": 4711}


def test_no_program_of_the_guides_is_left_out() -> None:
    """A block that is added is run too; FastAPI's own loop needs FastAPI, and is not ours."""
    found = [(page, n) for page in sorted(NAMES) for n, _ in enumerate(blocks(page))]

    assert sorted(found) == sorted([*ENDLESS, *FASTAPI, *RECEIVER, *ELSEWHERE])
