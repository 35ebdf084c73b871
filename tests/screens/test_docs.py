"""The documentation in a browser: every page can be read, by everybody, and does what it offers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page

from hub.transports.http.site.contents import ENTRIES
from support.browser import PHONE, barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGES = [*(entry.address for entry in ENTRIES), "/docs/errors/rate_limited"]
# All pages have the same colours: these show every kind of thing that has one.
COLOURS = ["/docs", "/docs/errors"]
OpenPage = Callable[..., Awaitable[Page]]


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wider


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"color_scheme": "light"}, id="light"),
        pytest.param({"color_scheme": "dark", "viewport": PHONE}, id="dark, on a phone"),
    ],
)
async def test_every_page_keeps_nobody_out(
    open_page: OpenPage, served: HubProcess, options: dict[str, Any]
) -> None:
    """No fault in the console, none that axe calls serious, nothing wider than the window."""
    page = await open_page(**options)
    for address in PAGES:
        await page.goto(f"{served.url}{address}")

        found = await barriers(page, contrast=address in COLOURS)
        assert (address, found, await overflow(page)) == (address, [], 0)


async def test_code_is_copied(open_page: OpenPage, served: HubProcess) -> None:
    """The button puts the block as it was written into the clipboard, and says so."""
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await page.goto(f"{served.url}/docs")

    block = page.locator(".code").first
    await block.hover()
    await block.get_by_role("button", name="Copy").click()

    await block.get_by_role("button", name="Copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == "hub tail contracts jobs"


async def test_search_is_done_by_keyboard(page: Page, served: HubProcess) -> None:
    """A slash opens it, words find a section, arrows choose, Enter goes there, Escape leaves."""
    await page.goto(f"{served.url}/docs")
    await page.keyboard.press("/")
    await page.get_by_role("combobox").fill("slow clients")
    await page.get_by_role("option", selected=True).filter(has_text="Slow clients").wait_for()
    assert await barriers(page) == []

    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/docs/protocol#slow-clients")

    await page.keyboard.press("/")
    await page.keyboard.type("no such words anywhere")
    await page.get_by_text("Nothing has all of these words.").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")


async def test_the_menu_unfolds_on_a_phone(open_page: OpenPage, served: HubProcess) -> None:
    """The navigation is out of the way until it is asked for."""
    page = await open_page(viewport=PHONE)
    await page.goto(f"{served.url}/docs")
    contents = page.get_by_role("navigation", name="Documentation")
    assert not await contents.is_visible()

    await page.get_by_role("button", name="Menu").click()
    await contents.get_by_role("link", name="Settings").click()

    await page.wait_for_url("**/docs/settings")


async def test_pages_can_be_read_without_scripts(open_page: OpenPage, served: HubProcess) -> None:
    """The navigation is there, and the text; what needs a script is not offered."""
    page = await open_page(java_script_enabled=False, viewport=PHONE)
    await page.goto(f"{served.url}/docs")

    assert await page.get_by_role("link", name="Settings").first.is_visible()
    assert await page.get_by_role("button").count() == 0
