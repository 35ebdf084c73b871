"""What somebody else wrote is text in every view, and no view asks anybody but the hub."""

from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Page, expect
from websockets.asyncio.client import connect

from support.receiver import receiver
from support.running import CONTRACT, HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
ANSWER = f"HTTP/1.1 200 OK\r\ncontent-length: {len(HOSTILE)}\r\n\r\n{HOSTILE}".encode()
VIEWS = ["", "contracts", "jobs", "webhooks", "connections", "throughput", "inspect", "alerts"]


async def hostile_job(rest: httpx.AsyncClient) -> str:
    """Return the id of a job that has failed, all of whose words are hostile."""
    made = await rest.post(
        "/api/jobs", json={"input_data": {HOSTILE: HOSTILE}, "metadata": {"user_id": HOSTILE}}
    )
    job = made.json()["job_id"]
    progress = {"total_steps": 3, "completed_steps": 1, "current_step": HOSTILE}
    report = {"status": "RUNNING", "message": HOSTILE, "progress": progress}
    assert (await rest.post(f"/api/jobs/{job}/status", json=report)).status_code == 200
    end = {
        "final_status": "FAILED",
        "summary": {"error_message": HOSTILE},
        "completion_message": HOSTILE,
        "final_artifacts": [
            {"name": HOSTILE, "type": HOSTILE, "description": HOSTILE, "path": HOSTILE}
        ],
    }
    assert (await rest.post(f"/api/jobs/{job}/complete", json=end)).status_code == 200
    return str(job)


async def test_nothing_that_was_written_elsewhere_is_markup(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Ids, messages, artifacts, names of clients, answers of receivers (CWE-79); all at home."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    async with (
        receiver() as there,
        connect(f"{served.ws}?channels=jobs", user_agent_header=HOSTILE),
    ):
        there.answer = lambda _: ANSWER
        hook = {"url": there.url(), "description": HOSTILE}
        webhook = (await rest.post("/api/webhooks", json=hook)).json()["id"]
        await rest.post("/update", json={**CONTRACT, "contract_id": HOSTILE})
        job = await hostile_job(rest)

        for view in [*VIEWS, f"jobs/{job}", f"webhooks/{webhook}"]:
            await page.goto(f"{served.url}/#/{view}")
            if view not in {"throughput", "alerts"}:
                await expect(page.locator("main")).to_contain_text(HOSTILE[:16])
            assert await page.locator("main img").count() == 0, view
            assert await page.title() != "taken", view
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(served.url).netloc}


async def test_the_page_may_ask_nobody_but_the_hub(rest: httpx.AsyncClient) -> None:
    """Not even what is injected could send anything away, or run."""
    policy = (await rest.get("/")).headers["content-security-policy"]

    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert "unsafe" not in policy
    assert "*" not in policy
