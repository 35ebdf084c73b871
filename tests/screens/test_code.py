"""The JavaScript of the guides, pasted as it stands into a page of the hub."""

import re
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Page

from hub.transports.http.site.contents import NAMES
from hub.transports.http.site.texts import read_page
from support.running import CONTRACT, HubProcess
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADDRESS = re.compile(r"localhost:8000")
# What a fragment takes for given: its page's own functions, which note what they are called with.
GIVEN = """
const told = [], note = (...what) => told.push(...what);
const console = { log: note, warn: note };
const paint = note, repaint = note, paintAll = note, reload = note;
const move = (id, contract) => note(contract), renderer = { render() {} };
const scene = null, camera = null;
const getToken = undefined, since = undefined, document = {};
window.told = told;
"""


class Fragment(NamedTuple):
    """A block of JavaScript: the page, which one of it, its channel, and what comes before."""

    page: str
    number: int
    channel: str = "contracts"
    before: str = ""


HUB_CLIENT = 'const { HubClient } = await import("/web/client/index.js");'
CLIENT = f"{HUB_CLIENT} const contracts = new HubClient(location.origin).subscribe('contracts');"
FRAGMENTS = [
    Fragment("start", 0),
    Fragment("dashboards", 0),
    Fragment("scenes", 0, before=CLIENT),
    Fragment("from-centrifugo", 1, before=HUB_CLIENT),
    Fragment("from-socket-io", 1, channel="orders"),
    Fragment("protocol", 0),
]


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", read_page(page), re.MULTILINE | re.DOTALL)


async def post(hub: HubProcess, channel: str, word: str) -> None:
    """Make an event in which a word stands."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        if channel == "contracts":
            answer = await http.post("/update", json={**CONTRACT, "contract_id": word})
        else:
            event = {"type": "order_placed", "data": {"order": word}}
            answer = await http.post(f"/api/channels/{channel}/events", json=event)
        answer.raise_for_status()


def followers(hub: HubProcess, channel: str) -> int:
    """Return how many clients follow a channel."""
    return int(httpx.get(f"{hub.url}/api/channels/{channel}").json()["followers"])


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda one: f"{one.page} {one.number}")
async def test_javascript_shows_what_is_posted(
    fragment: Fragment, page: Page, served: HubProcess
) -> None:
    """Pasted into a page of the hub, it is called with an event that comes afterwards."""
    await post(served, fragment.channel, "before")
    there = followers(served, fragment.channel)
    code = blocks(fragment.page, "js")[fragment.number]
    code = re.sub(r'import \{ HubClient \} from "hub-client";', HUB_CLIENT, code)
    code = ADDRESS.sub(served.url.removeprefix("http://"), code)
    await page.goto(f"{served.url}/docs")

    await page.evaluate(f"async () => {{ {GIVEN} {fragment.before} {code} }}")
    await until(lambda: followers(served, fragment.channel) > there)
    word = f"pasted-from-{fragment.page}"
    await post(served, fragment.channel, word)

    await page.wait_for_function(f"JSON.stringify(window.told).includes('{word}')")


async def test_no_fragment_of_the_guides_is_left_out() -> None:
    """A block that is added is run too, or is said here not to be one of ours."""
    theirs = {("from-centrifugo", 0), ("from-socket-io", 0)}
    a_line = {("dashboards", 1)}

    found = {(page, n) for page in sorted(NAMES) for n, _ in enumerate(blocks(page, "js"))}

    assert found == theirs | a_line | {(one.page, one.number) for one in FRAGMENTS}
