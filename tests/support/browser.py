"""A browser for tests: Debian's Chromium, one in each process of pytest, driven by Playwright.

Playwright's objects belong to the loop that made them, and the browser outlives a test, so whoever
uses these fixtures runs in the session's loop:

    pytestmark = pytest.mark.asyncio(loop_scope="session")

    async def test_something(page: Page, watch: Watch) -> None: ...

`page` is a fresh profile in a desktop window, light. Others come from `open_page`: a phone, the
dark, a second tab. At the end of a test nothing may have gone wrong on any of them: no error in
the console, no uncaught exception, nothing that the policy blocked, no answer of 4xx or 5xx. What
a test brings about on purpose it names before: `watch.expect("WebSocket connection")`.
"""

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    ViewportSize,
    async_playwright,
)

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Waiting is for what is seen, never for time; this only ends what will not come.
PATIENCE_MS = 60_000
_ARGUMENTS = [
    # Tests may run as root, in containers with a /dev/shm of 64 MiB.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # The same pixels on every machine, and nothing asked of the network.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    # A tab in the background keeps its timers: tests that throttle them say so.
    "--disable-background-timer-throttling",
]
_FAULTS = {"minor": 0, "moderate": 1, "serious": 2, "critical": 3}


class Watch:
    """What went wrong on the pages of a test."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._expected: list[str] = []

    def expect(self, words: str) -> None:
        """Let faults pass that have these words."""
        self._expected.append(words)

    @property
    def faults(self) -> list[str]:
        """What went wrong and was not expected."""
        return [
            fault for fault in self._faults if not any(words in fault for words in self._expected)
        ]

    def follow(self, page: Page) -> None:
        """Note from now on what goes wrong on a page."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._faults.append(f"exception: {error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._faults.append(f"{message.type}: {message.text} ({message.location})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._faults.append(f"answer: {response.status} {response.url}")


@contextlib.asynccontextmanager
async def launch(playwright: Playwright) -> AsyncIterator[Browser]:
    """Start Debian's Chromium without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "expected Debian's Chromium, found none: apt-get install chromium"
    browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
    try:
        yield browser
    finally:
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser; a test that needs it fails where there is none."""
    async with async_playwright() as playwright, launch(playwright) as started:
        yield started


@pytest.fixture
def watch() -> Watch:
    """What goes wrong on the pages of this test."""
    return Watch()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, watch: Watch) -> AsyncIterator[Callable[..., Any]]:
    """Open a page in a profile of its own; takes what Playwright's `new_context` takes."""
    contexts: list[BrowserContext] = []

    async def opened(**options: Any) -> Page:
        context = await browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = await context.new_page()
        watch.follow(page)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert watch.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: Callable[..., Awaitable[Page]]) -> Page:
    """A page in a desktop window, light."""
    return await open_page(color_scheme="light")


async def barriers(
    page: Page, least: str = "serious", *, contrast: bool = True, without: str = ""
) -> list[str]:
    """Return what axe finds on a page that keeps people out, one line each.

    Args:
        page: It.
        least: How bad it must be: minor, moderate, serious, critical.
        contrast: Whether colours are judged, which takes most of the time.
        without: A rule that is left out, with a reason.
    """
    rules = {"color-contrast": {"enabled": contrast}} | (
        {without: {"enabled": False}} if without else {}
    )
    found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node['html'][:120]}"
        for one in found.response["violations"]
        for node in one["nodes"]
        if _FAULTS[one["impact"]] >= _FAULTS[least]
    ]
