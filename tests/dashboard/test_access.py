"""Every view, in every look, on a desk and in a hand: nobody is kept out, nothing overflows."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import DESKTOP, PHONE, barriers
from support.running import CONTRACT, HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = [
    "Overview",
    "Contracts",
    "Jobs",
    "Webhooks",
    "Connections",
    "Throughput",
    "Inspector",
    "Alerts",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "viewport", [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]
)
async def test_every_view_is_open_to_everybody(
    open_page: Callable[..., Awaitable[Page]],
    served: HubProcess,
    rest: httpx.AsyncClient,
    viewport: dict[str, int],
    scheme: str,
) -> None:
    """Axe finds no serious fault, the page is no wider than the screen, nothing is logged."""
    await rest.post("/update", json=CONTRACT)
    job = {"metadata": {"user_id": "asha"}}
    assert (await rest.post("/api/jobs", json=job)).status_code == 201
    options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme}
    page = await open_page(**options, reduced_motion="reduce")
    await page.goto(served.url)
    await expect(page.locator("hub-badge")).to_have_text("live")

    for view in VIEWS:
        await page.get_by_role("navigation").get_by_role("link", name=view).click()
        await expect(page).to_have_title(f"{view} · Hub")
        await expect(page.locator("main h2:visible").first).to_be_visible()
        assert await barriers(page) == [], view
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, view


async def test_views_are_reached_by_keyboard(page: Page, served: HubProcess) -> None:
    """The first stop skips to the content; a view that was chosen has the focus."""
    await page.goto(served.url)
    await expect(page.locator("hub-badge")).to_have_text("live")

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"

    await page.goto(f"{served.url}/#/jobs")
    await expect(page).to_have_title("Jobs · Hub")
    assert await page.evaluate("document.activeElement.id") == "main"
