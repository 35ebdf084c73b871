"""The inspector: what came, from where on, and the same as a command."""

import shlex
from collections.abc import Awaitable, Callable

import httpx
import pytest
from playwright.async_api import Page, expect

from support.browser import Watch, barriers
from support.proxy import proxy_to
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def post(rest: httpx.AsyncClient, name: str, city: str = "Chennai") -> str:
    """Send a contract update; return its position."""
    body = {"contract_id": name, "location": city, "status": "active"}
    answer = await rest.post("/update", json={**body, "timestamp": "2024-01-01T12:00:00"})
    told = answer.json()
    return f"{told['epoch']}:{told['offset']}"


async def test_events_are_listed_filtered_and_held(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """The hub filters by fields, the page by letters; a pause loses nothing."""
    await page.goto(f"{served.url}/#/inspect")
    rows = page.locator(".log tbody tr:not(.gap):not(.note):visible")
    where = page.get_by_label("Filter by the hub")
    await where.fill("location=Mumbai")
    await where.press("Enter")
    await expect(page.locator(".log .note").first).to_contain_text("following")

    await post(rest, "in-1", "Mumbai")
    await post(rest, "out-1", "Chennai")
    await post(rest, "in-2", "Mumbai")
    await expect(rows).to_have_count(2)

    await page.get_by_role("button", name="Pause").click()
    await post(rest, "in-3", "Mumbai")
    await expect(page.get_by_text("paused, 1 wait")).to_be_visible()
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Go on").click()
    await expect(rows).to_have_count(3)
    await page.get_by_label("Filter what is shown").fill("in-2")
    await expect(rows).to_have_count(1)
    assert await barriers(page) == []


async def test_a_position_is_a_link_to_a_moment(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """It opens the log there, with what is around it, and from there one goes on."""
    position = await post(rest, "moment-1")
    await post(rest, "moment-2")

    await page.goto(f"{served.url}/#/inspect/contracts@{position}")
    await expect(page.get_by_label("Event")).to_contain_text('"moment-1"')
    await page.get_by_role("button", name="Go on from here").click()

    rows = page.locator(".log tbody tr:not(.gap):not(.note):visible")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("moment-2")


async def test_a_moment_of_another_log_is_said_to_be_gone(page: Page, served: HubProcess) -> None:
    """Offsets of another epoch mean nothing: a mark stands where the events would."""
    await page.goto(f"{served.url}/#/inspect/contracts@deadbeef:3")

    await expect(page.locator(".log .note.bad")).to_contain_text("the log is another one")


async def test_a_break_is_marked_between_the_events(
    page: Page, watch: Watch, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """What came before, the break with its reason, and what came after, each once."""
    watch.expect("ERR_")
    async with proxy_to(served.port) as proxy:
        await page.goto(f"http://127.0.0.1:{proxy.port}/#/inspect")
        await post(rest, "before-break")
        await expect(page.locator(".log")).to_contain_text("before-break")

        proxy.cut()
        await expect(page.locator(".log .note.warn").first).to_contain_text("network_error")
        await post(rest, "while-away")
        proxy.mend()

        await expect(page.locator(".log").get_by_text("while-away")).to_have_count(1)
        await expect(page.locator(".log").get_by_text("before-break")).to_have_count(1)


async def test_what_is_shown_is_written_as_commands(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Copied to a terminal, curl brings the same events."""
    position = await post(rest, "copied-1", "Mumbai")
    await post(rest, "copied-2", "Chennai")
    await post(rest, "copied-3", "Mumbai")
    await page.goto(f"{served.url}/#/inspect/contracts@{position}")
    where = page.get_by_label("Filter by the hub")
    await where.fill("location=Mumbai")
    await where.press("Enter")
    code = page.locator("hub-copies code")

    curl = shlex.split(await code.inner_text())
    async with rest.stream("GET", curl[-1]) as stream:
        async for line in stream.aiter_lines():
            if "copied-" in line:
                break
    assert "copied-3" in line

    await page.get_by_role("button", name="hub tail").click()
    await expect(code).to_contain_text(f"--since {position} --where location=Mumbai")
    await page.get_by_role("button", name="Python").click()
    await expect(code).to_contain_text('where={"location": "Mumbai"}')
    await page.get_by_role("button", name="JavaScript").click()
    await expect(code).to_contain_text('hub.subscribe("contracts"')


async def test_the_publish_box_sends(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """A refusal is said in the hub's words; what is taken has its position."""
    await page.goto(f"{served.url}/#/inspect/demo.notes")
    box = page.locator("hub-publish")
    await box.get_by_label("What to send").select_option("event")
    await box.get_by_label("Channel").fill("demo.notes")
    await box.get_by_label("JSON").fill('{"type": "note"')
    await box.get_by_role("button", name="Send").click()
    await expect(box.get_by_role("status")).to_contain_text("This is no JSON")

    await box.get_by_label("JSON").fill('{"type": "note", "data": {"said": "hello"}}')
    await box.get_by_role("button", name="Send").click()

    await expect(box.get_by_role("status")).to_have_text("Taken as demo.notes:1.")
    told = (await rest.get("/api/channels/demo.notes/history")).json()
    assert told["events"][0]["data"] == {"said": "hello"}


async def test_a_window_is_seen_again_and_then_it_is_now(
    open_page: Callable[..., Awaitable[Page]], served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Contracts are as they were, then change again as they did, and end as they are."""
    # Without motion it begins with the picture of the beginning.
    page = await open_page(reduced_motion="reduce")
    await rest.post(
        "/update",
        json={
            "contract_id": "again-1",
            "location": "Hyderabad",
            "status": "inactive",
            "timestamp": "2024-01-01T12:00:00",
        },
    )
    await post(rest, "again-1", "Hyderabad")
    await page.goto(f"{served.url}/#/contracts")
    kochi = page.locator(".india").get_by_role("button", name="Hyderabad")
    await expect(kochi).to_have_attribute("aria-label", "Hyderabad: 1 contracts, 1 active")

    await page.get_by_role("button", name="Rewind").click()
    await page.get_by_role("button", name="60 min").click()
    await expect(page.get_by_text("the past")).to_be_visible()
    assert await barriers(page) == []
    await expect(kochi).to_have_count(0)
    await page.get_by_label("Speed").select_option("20")
    await page.get_by_role("button", name="Play").click()

    await expect(page.get_by_text("the past")).to_be_hidden()
    await expect(kochi).to_have_attribute("aria-label", "Hyderabad: 1 contracts, 1 active")


async def test_a_moment_is_narrowed_by_its_filter(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Of what is around it only what fits is shown, and the event of the moment in any case."""
    await post(rest, "near-1", "Hyderabad")
    await post(rest, "near-2", "Bengaluru")
    position = await post(rest, "near-3", "Chennai")
    await post(rest, "near-4", "Hyderabad")
    await page.goto(f"{served.url}/#/inspect/contracts@{position}")
    where = page.get_by_label("Filter by the hub")
    await where.fill("contract_id=near-1,near-4")
    await where.press("Enter")

    rows = page.locator(".log tbody tr:not(.gap):not(.note):visible")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="near-1")).to_have_count(1)
    await expect(rows.filter(has_text="near-3")).to_have_count(1)
    await expect(rows.filter(has_text="near-4")).to_have_count(1)


async def test_all_that_is_kept_can_be_scrolled_to(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """The list is as long as what came, although the page has only those rows that are seen."""
    await page.goto(f"{served.url}/#/inspect")
    where = page.get_by_label("Filter by the hub")
    await where.fill("location=Bengaluru")
    await where.press("Enter")
    await expect(page.locator(".log .note").first).to_contain_text("following")
    for number in range(90):
        await post(rest, f"long-{number}", "Bengaluru")
    await expect(page.locator(".log")).to_contain_text("long-89")

    await page.locator("hub-log .scroll").evaluate("box => box.scrollTo(0, box.scrollHeight)")

    await expect(page.locator(".log tbody tr").filter(has_text="long-0 ")).to_be_visible()
    assert await page.locator(".log tbody tr").count() < 60


async def test_what_is_read_stays_while_more_comes(
    page: Page, served: HubProcess, rest: httpx.AsyncClient
) -> None:
    """Who has scrolled down keeps the events that are seen there where they are."""
    for number in range(40):
        await post(rest, f"read-{number}")
    await page.goto(f"{served.url}/#/inspect")
    box = page.locator("hub-log .scroll")
    row = page.locator(".log tbody tr").filter(has_text="read-20 ")
    await expect(page.locator(".log tbody tr").filter(has_text="read-39 ")).to_be_visible()
    await box.evaluate("box => box.scrollTo(0, 19 * 33)")
    await expect(row).to_be_visible()
    before = await row.bounding_box()
    had = int((await page.locator(".counted").inner_text()).split()[0])

    for number in range(5):
        await post(rest, f"more-{number}")

    await expect(page.locator(".counted")).to_have_text(f"{had + 5} shown")
    await expect(row).to_be_visible()
    assert await row.bounding_box() == before


async def test_what_came_late_changes_nothing_in_a_replay(page: Page, served: HubProcess) -> None:
    """As when it happened: a stale update is told of, and the contract stays as it was."""
    await page.goto(served.url)

    status = await page.evaluate("""async () => {
      const { Replay } = await import("/web/dashboard/replay.js");
      const store = { live: () => new Map(), changed() {}, retell() {}, replay: null };
      const now = Date.now();
      const told = (type, status, at) =>
        ({ at, event: { channel: "contracts", type, data: { contract_id: "a", status } } });
      const timed = [
        told("contract_update", "active", now - 2),
        told("contract_stale", "inactive", now - 1),
      ];
      const replay = new Replay(store, { timed, before: { contracts: [], jobs: [] } }, now - 3);
      await new Promise((done) => replay.addEventListener("end", done, { once: true }));
      replay.stop();
      return replay.contracts.get("a").status;
    }""")

    assert status == "active"
