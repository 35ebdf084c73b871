"""The documentation in a browser: every page can be read, by everybody, and does what it offers."""

from collections.abc import Awaitable, Callable
from itertools import pairwise

import httpx
import pytest
from playwright.async_api import Page

from hub.transports.http.site.contents import ENTRIES
from hub.transports.http.site.texts import read_page
from support.browser import PHONE, barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGES = [*(entry.address for entry in ENTRIES), "/docs/errors/rate_limited"]
# All pages have the same colours: these show every kind of thing that has one.
COLOURS = ["/docs", "/docs/delivery", "/docs/openapi"]
# Swagger UI has links within its buttons.
WITHOUT = {"/docs/openapi": "nested-interactive"}
OpenPage = Callable[..., Awaitable[Page]]


async def send(client: httpx.AsyncClient, **contract: str) -> None:
    """Post a contract."""
    (await client.post("/update", json=contract)).raise_for_status()


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wider


async def test_every_page_keeps_nobody_out(page: Page, served: HubProcess) -> None:
    """No fault in the console, none that axe calls serious, nothing wider than the window."""
    for address in PAGES:
        await page.goto(f"{served.url}{address}")

        found = await barriers(page, contrast=address in COLOURS, without=WITHOUT.get(address, ""))
        assert (address, found, await overflow(page)) == (address, [], 0)


async def test_every_page_fits_a_phone_in_the_dark(open_page: OpenPage, served: HubProcess) -> None:
    """Nothing is wider than the window, and every colour can be read."""
    page = await open_page(color_scheme="dark", viewport=PHONE)
    for address in PAGES:
        await page.goto(f"{served.url}{address}")
        assert (address, await overflow(page)) == (address, 0)

        if address in COLOURS:
            found = await barriers(page, without=WITHOUT.get(address, ""))
            assert (address, found) == (address, [])


async def test_tables_of_names_can_be_read_without_scrolling(
    page: Page, served: HubProcess
) -> None:
    """On a laptop: who looks up a name sees at once what it means."""
    wider = (
        "[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth)"
    )
    for address in ("/docs/cli", "/docs/settings", "/docs/errors", "/docs/metrics"):
        await page.goto(f"{served.url}{address}")

        found = await page.evaluate(wider)
        assert (address, max(found)) == (address, 0)


async def test_the_head_of_a_page_fits_a_phone(open_page: OpenPage, served: HubProcess) -> None:
    """Nothing in it lies on something else, and no word is cut."""
    page = await open_page(viewport=PHONE)
    await page.goto(f"{served.url}/docs")
    parts = page.locator("header > *, header nav a")

    cut = await parts.evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 1)"
    )
    boxes = [
        box for one in await page.locator("header > *").all() if (box := await one.bounding_box())
    ]

    assert cut == []
    for left, right in pairwise(sorted(boxes, key=lambda box: box["x"])):
        assert left["x"] + left["width"] <= right["x"]


async def test_code_is_copied(open_page: OpenPage, served: HubProcess) -> None:
    """The button puts the block as it was written into the clipboard, and says so."""
    page = await open_page(permissions=["clipboard-read", "clipboard-write"])
    await page.goto(f"{served.url}/docs")

    block = page.locator(".code").first
    await block.hover()
    await block.get_by_role("button", name="Copy").click()

    await block.get_by_role("button", name="Copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == "make run"


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


async def test_the_rest_api_is_tried_out(page: Page, served: HubProcess) -> None:
    """Swagger UI comes from this hub and asks this hub, within the policy of all pages."""
    foreign: list[str] = []
    page.on("request", lambda one: foreign.append(one.url) if served.url not in one.url else None)
    await page.goto(f"{served.url}/docs/openapi#/operations/checkHealth")

    operation = page.locator("#operations-operations-checkHealth")
    await operation.get_by_role("button", name="Execute").click()

    await (
        operation.locator(".live-responses-table .response-col_status")
        .get_by_text("200")
        .wait_for()
    )
    assert [url for url in foreign if not url.startswith("data:")] == []


async def test_the_page_in_the_guide_to_dashboards_works(page: Page, served: HubProcess) -> None:
    """It is complete: it shows what was there before, what comes, and nothing that is stale."""
    text = read_page("dashboards").partition("```html\n")[2].partition("```\n")[0]
    text = text.replace("http://localhost:8000", served.url)
    await page.route(
        "**/example.html", lambda route: route.fulfill(body=text, content_type="text/html")
    )
    contract = {"contract_id": "shown", "location": "Mumbai", "timestamp": "2024-01-01T12:00:00"}
    async with httpx.AsyncClient(base_url=served.url) as client:
        await send(client, **contract, status="active")
        await page.goto(f"{served.url}/example.html")
        await page.get_by_text("shown Mumbai active").wait_for()

        late = {**contract, "timestamp": "2023-12-31T12:00:00"}
        await send(client, **late, status="inactive")
        await send(client, **{**contract, "contract_id": "other"}, status="inactive")
        await page.get_by_text("other Mumbai inactive").wait_for()
        assert await page.get_by_text("shown Mumbai active").count() == 1

        await send(client, **contract, status="inactive")
    await page.get_by_text("shown Mumbai inactive").wait_for()
    assert await page.get_by_role("listitem").count() == 2
