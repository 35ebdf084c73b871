"""The overview: what comes in is seen at once, also after a break."""

import asyncio

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import Watch, barriers
from support.proxy import proxy_to
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def post(rest: httpx.AsyncClient, name: str, **more: str) -> None:
    """Send a contract update."""
    update = {"contract_id": name, "location": "Mumbai", "status": "active"}
    body = {**update, "timestamp": "2024-01-01T12:00:00", **more}
    assert (await rest.post("/update", json=body)).status_code == 200


async def test_an_empty_hub_says_what_to_do(page: Page, served: HubProcess) -> None:
    """Commands that work as they stand, with this hub's address."""
    await page.goto(served.url)

    await expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    await expect(page.locator("pre").first).to_contain_text(f"curl {served.url}/update")
    assert await barriers(page) == []


async def test_an_update_changes_the_page(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Posted over REST, it is counted and listed without a reload."""
    await page.goto(served.url)
    await expect(page.locator("hub-badge")).to_have_text("live")

    await post(rest, "seen-1")

    await expect(page.locator(".events").get_by_text("seen-1")).to_be_visible()
    assert await barriers(page) == []


async def test_text_of_events_is_never_markup(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """A hostile name is shown as it is written (CWE-79)."""
    await page.goto(served.url)
    hostile = "<img src=x onerror=alert(1)>"

    await post(rest, hostile)

    await expect(page.locator(".events")).to_contain_text(hostile)
    assert await page.locator(".events img").count() == 0


async def test_a_cut_network_costs_no_event(
    page: Page, watch: Watch, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """While it is away the badge says so; then it has everything that came meanwhile."""
    watch.expect("ERR_")
    async with proxy_to(served.port) as proxy:
        await page.goto(f"http://127.0.0.1:{proxy.port}/")
        await expect(page.locator("hub-badge")).to_have_text("live")

        proxy.cut()
        await expect(page.locator("hub-badge .why")).to_contain_text("network_error")
        await expect(page.locator("hub-badge .left")).to_contain_text("again in")
        for number in range(20):
            await post(rest, f"away-{number}")
        proxy.mend()

        await expect(page.locator("hub-badge")).to_have_text("live")
        for number in range(20):
            await expect(
                page.locator(".events li").filter(has_text=f"away-{number} · ")
            ).to_be_visible()


async def test_the_look_can_be_chosen(page: Page, served: HubProcess) -> None:
    """Light, dark, or as the system says; it stays for the next visit."""
    await page.goto(served.url)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)

    await page.locator("#theme").click()
    await page.locator("#theme").click()

    assert await page.evaluate(ground) != light
    await page.reload()
    await expect(page.locator("#theme-name")).to_have_text("dark")
    assert await page.evaluate(ground) != light


async def test_what_happened_before_is_listed_the_newest_first(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Also what was committed together, which has one time."""
    await asyncio.gather(*(post(rest, f"together-{number}") for number in range(40)))
    await page.goto(served.url)
    await expect(page.locator(".events li")).to_have_count(30)

    places = await page.locator(".events li .place").all_inner_texts()
    offsets = [int(place.partition(":")[2]) for place in places]
    assert offsets == sorted(offsets, reverse=True)
