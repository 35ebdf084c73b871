"""The documentation in a browser: what is there, and that nobody is kept out."""

import pytest
from playwright.async_api import Page

from support.browser import barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_first_page_opens_without_a_fault(page: Page, served: HubProcess) -> None:
    """Nothing is blocked or missing, and axe finds nobody kept out."""
    await page.goto(f"{served.url}/docs")

    assert await page.title() == "Hub in five minutes · Hub"
    assert await barriers(page) == []
