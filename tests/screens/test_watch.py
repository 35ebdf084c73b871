"""What the browser of the tests takes for a fault of a page."""

import pytest
from playwright.async_api import Page

from support.browser import Watch
from support.running import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param("console.error('spilt')", "spilt", id="an error in the console"),
        pytest.param("setTimeout(() => { throw Error('torn') })", "torn", id="an exception"),
        pytest.param("fetch('/nowhere')", "404", id="an answer that refuses"),
        pytest.param("fetch('http://127.0.0.1:1/')", "connect-src", id="what the policy blocks"),
    ],
)
async def test_what_goes_wrong_on_a_page_is_noted(
    page: Page, watch: Watch, served: HubProcess, script: str, words: str
) -> None:
    """It would fail the test, unless the test expects it."""
    await page.goto(f"{served.url}/docs")

    async with page.expect_event("console" if words != "torn" else "pageerror"):
        await page.evaluate(f"void ({script})")

    assert any(words in fault for fault in watch.faults)
    watch.expect("")
    assert watch.faults == []
