"""The built page in Chromium, against a running hub."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from support.browser import PATIENCE_MS, PHONE, Watch, barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Software draws here, and each pixel costs; nothing that is asserted needs many.
SMALL = {"width": 760, "height": 460}
CITIES = {"Chennai": 3, "Mumbai": 4, "Bengaluru": 2, "Hyderabad": 1}

expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[..., Awaitable[Page]]


async def post(hub: HubProcess, number: str, city: str, status: str = "active", **more: Any) -> int:
    """Post a contract; return its offset."""
    body = {"contract_id": number, "location": city, "status": status, **more}
    body.setdefault("timestamp", "2026-01-01T12:00:00")
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = (await http.post("/update", json=body)).raise_for_status()
    offset: int = answer.json()["offset"]
    return offset


async def filled(hub: HubProcess) -> None:
    """Bring the hub to ten contracts, all active."""
    for city, many in CITIES.items():
        for number in range(many):
            await post(hub, f"{city}-{number}", city)


async def opened(open_page: OpenPage, watch: Watch, address: str, **options: Any) -> Page:
    """Open the page; a machine without a graphics card complains that software draws."""
    watch.expect("GPU stall due to ReadPixels")
    page = await open_page(**{"viewport": SMALL, "reduced_motion": "reduce", **options})
    await page.goto(address)
    return page


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def city(page: Page, name: str) -> Locator:
    """Return the button of a city."""
    return page.locator(f'[data-city="{name}"]')


async def drawn(page: Page, buildings: int) -> None:
    """Wait until the picture has so many buildings."""
    await expect(page.locator("#scene")).to_have_attribute("data-buildings", str(buildings))


async def test_the_snapshot_is_drawn_then_an_update_and_a_hidden_city(
    open_page: OpenPage, watch: Watch, origin: str, city_hub: HubProcess
) -> None:
    """So many buildings as there are contracts; an update changes one; a city goes and comes."""
    await filled(city_hub)
    page = await opened(open_page, watch, f"{origin}/?hub={city_hub.url}")

    await drawn(page, 10)
    await expect(city(page, "Mumbai")).to_contain_text("4 of 4 active")
    before = await page.locator("#scene").screenshot()

    await post(city_hub, "Mumbai-2", "Mumbai", "inactive")
    await expect(city(page, "Mumbai")).to_contain_text("3 of 4 active")
    await expect(city(page, "Chennai")).to_contain_text("3 of 3 active")
    await drawn(page, 10)
    assert await page.locator("#scene").screenshot() != before

    await city(page, "Mumbai").click()
    await expect(city(page, "Mumbai")).to_have_attribute("aria-pressed", "false")
    await drawn(page, 6)
    await post(city_hub, "Mumbai-9", "Mumbai")
    await post(city_hub, "Hyderabad-9", "Hyderabad")
    await drawn(page, 7)

    await page.keyboard.press("2")
    await expect(city(page, "Mumbai")).to_contain_text("4 of 5 active")
    await drawn(page, 12)
    await expect(page.locator("#lag")).to_have_text("0")


async def test_a_hub_that_is_killed_and_comes_back_has_cost_nothing(
    open_page: OpenPage, watch: Watch, origin: str, city_hub: HubProcess
) -> None:
    """What stands stays while the hub is away, and what it then says is drawn."""
    watch.expect("WebSocket connection")
    watch.expect("ERR_CONNECTION_REFUSED")
    await filled(city_hub)
    page = await opened(open_page, watch, f"{origin}/?hub={city_hub.url}")
    await expect(page.locator("#state")).to_have_text("live")
    await expect(city(page, "Bengaluru")).to_contain_text("2 of 2 active")

    city_hub.kill()
    await expect(page.locator("#state")).to_contain_text("connecting")
    await expect(city(page, "Bengaluru")).to_have_attribute("data-ready", "false")
    await expect(city(page, "Bengaluru")).to_contain_text("2 of 2 active")
    await asyncio.to_thread(city_hub.start)
    await post(city_hub, "Bengaluru-1", "Bengaluru", "inactive")

    await expect(city(page, "Bengaluru")).to_contain_text("1 of 2 active")
    await expect(page.locator("#state")).to_have_text("live")


async def test_a_late_update_does_not_hide_the_one_before_it(
    open_page: OpenPage, watch: Watch, origin: str, city_hub: HubProcess
) -> None:
    """Both come within one turn of `conflate`, which keeps but the newest of a contract."""
    await filled(city_hub)
    page = await opened(open_page, watch, f"{origin}/?hub={city_hub.url}")
    await expect(city(page, "Chennai")).to_contain_text("3 of 3 active")

    new, old = "2026-02-01T12:00:00", "2025-01-01T12:00:00"
    for at, status in ((new, "active"), (new, "inactive"), (old, "active")):
        await post(city_hub, "Chennai-0", "Chennai", status, timestamp=at)

    await expect(city(page, "Chennai")).to_contain_text("2 of 3 active")


async def test_where_there_is_nothing_it_says_what_to_do(
    open_page: OpenPage, watch: Watch, origin: str, city_hub: HubProcess
) -> None:
    """All cities are hidden; there is no hub; the hub does not know the page."""
    watch.expect("WebSocket connection")
    watch.expect("ERR_CONNECTION_REFUSED")
    foreign = origin.replace("127.0.0.1", "localhost")
    page = await opened(open_page, watch, f"{origin}/?hub={city_hub.url}")
    hint = page.locator("#hint")
    for key in "1234":
        await page.keyboard.press(key)
    await expect(hint).to_contain_text("All cities are hidden.")

    await page.goto(f"{origin}/?hub=http://127.0.0.1:{closed_port()}")
    await expect(hint).to_contain_text("There is no hub.")
    await expect(hint).to_contain_text(f"CORS_ORIGINS={origin} make demo")

    await page.goto(f"{foreign}/?hub={city_hub.url}")
    await expect(hint).to_contain_text("The hub does not know this page.")
    await expect(hint).to_contain_text(f"CORS_ORIGINS={foreign} make demo")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_keeps_nobody_out(
    open_page: OpenPage, watch: Watch, origin: str, city_hub: HubProcess, scheme: str
) -> None:
    """Axe finds nothing serious on a phone, nothing hangs over its edge; turned, all is there."""
    await filled(city_hub)
    page = await opened(
        open_page, watch, f"{origin}/?hub={city_hub.url}", viewport=PHONE, color_scheme=scheme
    )
    await expect(page.locator("#state")).to_have_text("live")

    assert await barriers(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await expect(page.get_by_role("button", name="Hyderabad")).to_be_visible()

    await page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    await expect(page.locator("#buildings")).to_be_in_viewport(ratio=1)
