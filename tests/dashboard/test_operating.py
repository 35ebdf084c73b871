"""What operators look at: connections, throughput, alerts; and breaking one's own connection."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support.running import CONTRACT, HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def read_all(socket: ClientConnection) -> None:
    """Read until somebody closes it."""
    while True:
        await socket.recv()


async def test_somebody_is_sent_away(page: Page, served: HubProcess) -> None:
    """Who follows what is listed; a button that is pressed twice ends it."""
    async with connect(f"{served.ws}?channels=jobs", user_agent_header="scene/1.2") as socket:
        await page.goto(f"{served.url}/#/connections")
        await page.get_by_role("searchbox").fill("scene")
        row = page.locator("hub-connections tbody tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("jobs:0")

        await row.get_by_role("button", name="Disconnect").click()
        await row.get_by_role("button", name="Sure?").click()

        await expect(page.get_by_text("was closed with")).to_be_visible()
        with pytest.raises(ConnectionClosed):
            await read_all(socket)
        await expect(page.get_by_text("Nobody is like that")).to_be_visible()


async def test_numbers_of_the_nodes_are_drawn(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """The curves have their values beside them as text."""
    await page.goto(f"{served.url}/#/throughput")
    await rest.post("/update", json=CONTRACT)

    await expect(page.get_by_text("Measured by the nodes")).to_be_visible()
    contracts = page.get_by_label("Channels", exact=True).locator("tr", has_text="contracts")
    await expect(contracts.first).to_contain_text("1")
    await expect(page.locator("hub-plot path.c0").nth(2)).to_have_attribute("d", re.compile("M"))


async def test_no_alert_is_said_in_words(page: Page, served: HubProcess) -> None:
    """An empty list would leave open whether anybody looks."""
    await page.goto(f"{served.url}/#/alerts")

    await expect(page.get_by_text("All is well")).to_be_visible()


@pytest.mark.parametrize("button", ["Drop my connection", "Expire my token"])
async def test_chaos_shows_that_nothing_is_lost(
    page: Page, served: HubProcess, rest: httpx.AsyncClient, button: str
) -> None:
    """The connection breaks, comes back, and has what came meanwhile."""
    name = f"chaos-{button[:4]}"
    await page.goto(f"{served.url}/")
    await expect(page.locator("hub-badge")).to_have_text("live")
    await page.get_by_role("button", name="Chaos").click()

    await page.get_by_role("button", name=button).click()
    await rest.post("/update", json={**CONTRACT, "contract_id": name})

    await expect(page.locator("hub-chaos .said")).to_contain_text("none is lost")
    await expect(page.locator(".events li").filter(has_text=name)).to_be_visible()


async def test_what_is_delayed_comes_in_order(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Also when the delay ends: what came after it waits for what came before."""
    await page.goto(f"{served.url}/")
    await expect(page.locator("hub-badge")).to_have_text("live")
    await page.get_by_role("button", name="Chaos").click()
    delay = page.get_by_role("button", name="Delay what comes")

    await delay.click()
    await rest.post("/update", json={**CONTRACT, "contract_id": "slow-1"})
    await rest.post("/update", json={**CONTRACT, "contract_id": "slow-2"})
    await delay.click()
    await rest.post("/update", json={**CONTRACT, "contract_id": "slow-3"})

    events = page.locator(".events li").filter(has_text="slow-")
    await expect(events).to_have_count(3)
    for number, event in enumerate(("slow-3", "slow-2", "slow-1")):
        await expect(events.nth(number)).to_contain_text(event)
