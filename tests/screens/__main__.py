"""`make screens`: take the pictures of the README, of a hub with news from `examples/feed.py`.

The same seed tells the same news, in the same window of the same browser; what changes from one
time to the next are the times that the pages show. Pictures go to `docs/` and overwrite what is
there; look at them before they are committed.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, ViewportSize, async_playwright

from support.browser import DESKTOP, PHONE, launch
from support.running import hub_process

ROOT = Path(__file__).parents[2]
STORY = ("--rate", "25", "--count", "500", "--seed", "7")
# Goes on while pictures are taken, so that the dashboard shows what comes.
SEQUEL = ("--rate", "6", "--seed", "8")
# What a page paints after it has loaded: the state of the hub, by its socket, and some news.
SETTLED_MS = 4_000


class Picture(NamedTuple):
    """A picture: its file in `docs/`, the page, the window, light or dark."""

    file: str
    address: str
    window: ViewportSize
    scheme: str


PICTURES = (
    Picture("picture.png", "/", {"width": 1360, "height": 860}, "light"),
    Picture("pictures/dashboard-dark.png", "/", {"width": 1360, "height": 860}, "dark"),
    Picture("pictures/dashboard-phone.png", "/", PHONE, "light"),
    Picture("pictures/docs.png", "/docs", DESKTOP, "light"),
    Picture("pictures/rest-api.png", "/docs/openapi", DESKTOP, "dark"),
)


async def take(browser: Browser, picture: Picture, url: str) -> None:
    """Take one."""
    context = await browser.new_context(
        viewport=picture.window,
        color_scheme="dark" if picture.scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Asia/Kolkata",
    )
    page = await context.new_page()
    await page.goto(f"{url}{picture.address}")
    await page.wait_for_timeout(SETTLED_MS)
    file = ROOT / "docs" / picture.file
    file.parent.mkdir(exist_ok=True)
    await page.screenshot(path=file)
    await context.close()
    sys.stdout.write(f"{file.relative_to(ROOT)}\n")


async def take_all(url: str) -> None:
    """Take every picture of a hub."""
    async with async_playwright() as playwright, launch(playwright) as browser:
        for picture in PICTURES:
            await take(browser, picture, url)


def main() -> None:
    """Start a hub, tell it news, and take the pictures."""
    feed = [sys.executable, str(ROOT / "examples" / "feed.py"), "--quiet"]
    with tempfile.TemporaryDirectory() as folder, hub_process(Path(folder)) as hub:
        environ = {**os.environ, "HUB_URL": hub.url}
        subprocess.run([*feed, *STORY], env=environ, check=True)
        sequel = subprocess.Popen([*feed, *SEQUEL], env=environ)
        try:
            asyncio.run(take_all(hub.url))
        finally:
            sequel.terminate()
            sequel.wait()


if __name__ == "__main__":
    main()
