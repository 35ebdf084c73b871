"""Jobs: how far they are, and questions that are answered in the page."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = {
    "prompt": "Which report counts?",
    "schema": {
        "type": "object",
        "properties": {"report": {"enum": ["first", "corrected"]}, "copies": {"type": "integer"}},
        "required": ["report"],
    },
}


async def created(rest: httpx.AsyncClient, **more: Any) -> str:
    """Return the id of a new job that runs."""
    job = (await rest.post("/api/jobs", json={"input_data": {"file": "data.xlsx"}})).json()
    progress = {"total_steps": 4, "completed_steps": 1, "percentage": 40, "current_step": "Match"}
    body = {"status": "RUNNING", "progress": progress, **more}
    answer = await rest.post(f"/api/jobs/{job['job_id']}/status", json=body)
    assert answer.status_code == 200
    return str(job["job_id"])


async def test_a_question_is_answered_in_the_page(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Found from the list, its form is made of the schema, and the job has the answer."""
    job = await created(rest, status="NEEDS_INPUT", input_request=QUESTION)
    await page.goto(f"{served.url}/#/jobs")
    await page.get_by_role("link", name=job[:8]).click()

    await page.get_by_label("corrected").check()
    await page.get_by_label("copies").fill("3")
    assert await barriers(page) == []
    await page.get_by_role("button", name="Answer").click()

    await expect(page.locator(".state .pill")).to_contain_text("RUNNING")
    told = (await rest.get(f"/api/jobs/{job}")).json()["job"]
    assert told["input"] == {"report": "corrected", "copies": 3}


async def test_a_job_shows_its_whole_life(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Steps, the failing one, input, output, artifacts and the time line, as they come."""
    job = await created(rest)
    await page.goto(f"{served.url}/#/jobs/{job}")
    await expect(page.locator(".step")).to_have_text("Step 2 of 4: Match")
    await expect(page.locator(".percent")).to_have_text("40 %")

    end = {
        "final_status": "FAILED",
        "summary": {"error_message": "<b>no such column</b>"},
        "final_artifacts": [{"name": "part.csv", "size": 2048, "type": "csv_report"}],
        "completion_message": "Column is missing",
    }
    assert (await rest.post(f"/api/jobs/{job}/complete", json=end)).status_code == 200

    await expect(page.locator(".step")).to_have_text("Failed at step 2 of 4: Match")
    await expect(page.get_by_label("Output")).to_contain_text("<b>no such column</b>")
    await expect(page.get_by_label("Input")).to_contain_text("data.xlsx")
    await expect(page.get_by_label("Artifacts")).to_contain_text("part.csv")
    await expect(page.locator(".timeline li").first).to_contain_text("FAILED")
    assert await barriers(page) == []
