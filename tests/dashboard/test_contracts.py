"""Contracts: a map and a table that follow what is told."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import PATIENCE_MS, barriers
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def post(rest: httpx.AsyncClient, name: str, city: str, status: str = "active") -> None:
    """Send a contract update, newer than the one before."""
    body = {"contract_id": name, "location": city, "status": status}
    answer = await rest.post("/update", json={**body, "timestamp": "2024-01-01T12:00:00"})
    assert answer.status_code == 200


async def test_contracts_are_on_the_map_and_in_the_table(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """An update moves both at once; a city can be chosen by keyboard, a word be searched."""
    await post(rest, "map-1", "Chennai")
    await post(rest, "map-2", "Mumbai")
    await page.goto(f"{served.url}/#/contracts")
    rows = page.locator("hub-contracts tbody tr:not(.gap):visible")
    chennai = page.locator(".india").get_by_role("button", name=re.compile("^Chennai"))
    await expect(chennai).to_have_attribute("aria-label", "Chennai: 1 contracts, 1 active")

    await post(rest, "map-1", "Chennai", "inactive")
    await expect(chennai).to_have_attribute("aria-label", "Chennai: 1 contracts, 0 active")
    await expect(rows.filter(has_text="map-1")).to_contain_text("inactive")

    await chennai.press("Enter")
    await expect(rows).to_have_count(1)
    await chennai.press("Enter")
    await page.get_by_role("searchbox").fill("map-2")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Mumbai")
    assert await barriers(page) == []


async def test_of_many_contracts_few_rows_are_made(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """All can be scrolled to; the page has those that are seen."""
    for number in range(150):
        await post(rest, f"many-{number:03d}", "Hyderabad")
    await page.goto(f"{served.url}/#/contracts")
    rows = page.locator("hub-contracts tbody tr:not(.gap)")
    await page.get_by_role("searchbox").fill("many-")
    await page.get_by_role("button", name="contract", exact=True).click()
    await expect(page.get_by_role("rowheader", name="many-000")).to_be_visible()

    await page.locator(".scroll").evaluate("box => box.scrollTo(0, box.scrollHeight)")

    await expect(page.get_by_role("rowheader", name="many-149")).to_be_visible()
    assert await rows.count() < 60


async def test_rows_stay_where_somebody_points(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """What is told meanwhile changes them in their places; then the newest is first again."""
    for number in range(3):
        await post(rest, f"aim-{number}", "Bengaluru")
    await page.goto(f"{served.url}/#/contracts?q=aim-")
    rows = page.locator("hub-contracts tbody tr:not(.gap):visible")
    await expect(rows.first).to_contain_text("aim-2")

    await rows.last.hover()
    await post(rest, "aim-0", "Bengaluru", "inactive")
    await expect(rows.last).to_contain_text("inactive")
    await expect(rows.last).to_contain_text("aim-0")
    await expect(page.locator(".counted")).to_contain_text("in this order")

    await page.mouse.move(0, 0)
    await post(rest, "aim-1", "Bengaluru", "inactive")
    await expect(rows.first).to_contain_text("aim-1")


async def test_what_moves_takes_nothing_from_the_page(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Only what the compositor moves alone: else each event is laid out and painted 60 times."""
    await post(rest, "moves-1", "Mumbai")
    await page.goto(f"{served.url}/#/contracts")
    await expect(page.get_by_role("rowheader", name="moves-1")).to_be_visible()
    # It looks before anything moves: a pulse is over in a second.
    await page.evaluate("""() => { window.moved = new Promise((done) => {
      const found = new Set();
      const look = () => {
        for (const one of document.getAnimations()) {
          for (const frame of one.effect.getKeyframes()) {
            for (const name of Object.keys(frame)) found.add(name);
          }
        }
        if (found.size) done([...found]); else requestAnimationFrame(look);
      };
      look();
    }); }""")
    await post(rest, "moves-1", "Mumbai", "inactive")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        names = set(await page.evaluate("window.moved"))

    assert names - {"offset", "computedOffset", "easing", "composite"} == {"opacity", "transform"}
    await expect(page.locator(".pulse")).to_have_count(0)


async def test_what_comes_late_changes_nothing(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """An older update is told of as stale: its contract neither changes, nor moves, nor glows."""
    await post(rest, "late-1", "Mumbai")
    await post(rest, "late-2", "Mumbai")
    await page.goto(f"{served.url}/#/contracts?q=late-")
    rows = page.locator("hub-contracts tbody tr:not(.gap):visible")
    await expect(rows.first).to_contain_text("late-2")

    late = {"contract_id": "late-1", "location": "Chennai", "status": "inactive"}
    told = await rest.post("/update", json={**late, "timestamp": "2023-01-01T12:00:00"})
    assert told.status_code == 200
    await post(rest, "late-3", "Mumbai")

    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("late-3")
    await expect(rows.nth(2)).to_contain_text("late-1")
    await expect(rows.nth(2)).to_contain_text("Mumbai")
