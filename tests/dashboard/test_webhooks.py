"""Webhooks: what was sent, what was answered, and sending it again."""

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import barriers
from support.receiver import DOWN, OK, receiver
from support.running import CONTRACT, HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_empty_list_says_how_to_make_one(page: Page, served: HubProcess) -> None:
    """With commands, and the page that explains them."""
    await page.goto(f"{served.url}/#/webhooks")

    await expect(page.get_by_text("No webhook is there yet")).to_be_visible()
    await expect(page.locator("hub-webhooks pre").first).to_contain_text("hub webhooks create")


async def test_a_dead_delivery_is_sent_again(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """The page shows request and answer of the attempt; the replay arrives and is shown, too."""
    async with receiver() as there:
        there.answer = lambda _: DOWN
        made = await rest.post("/api/webhooks", json={"url": there.url(), "schedule": []})
        assert made.status_code == 201
        await rest.post("/update", json=CONTRACT)

        await page.goto(f"{served.url}/#/webhooks")
        await page.get_by_role("link", name=there.url()).click()
        delivery = page.locator("hub-delivery")
        await expect(delivery.locator(".pill").first).to_contain_text("dead")
        await expect(delivery.locator(".attempts li")).to_contain_text("503")
        await delivery.get_by_text("What is sent").click()
        await expect(delivery.locator("details pre")).to_contain_text(CONTRACT["contract_id"])
        assert await barriers(page) == []

        there.answer = lambda _: OK
        await delivery.get_by_role("button", name="Send again").click()

        await expect(delivery.locator(".pill").first).to_contain_text("delivered")
        await expect(delivery.locator(".attempts li").first).to_contain_text("200")
        await expect(delivery.locator(".attempts pre").first).to_have_text("ok")
        assert len(set(there.ids())) == 1
        assert len(there.came) == 2


async def test_a_webhook_is_tested_and_paused(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """What came of a test is said; a pause is seen at once, and can be ended."""
    async with receiver() as there:
        made = (await rest.post("/api/webhooks", json={"url": there.url()})).json()
        await page.goto(f"{served.url}/#/webhooks/{made['id']}")

        await page.get_by_role("button", name="Send a test").click()
        await expect(page.locator(".said").first).to_contain_text("The test was taken: 200")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator(".state .pill").first).to_contain_text("paused")
        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator(".state .pill").first).to_contain_text("active")
