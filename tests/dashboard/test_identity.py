"""Who looks: a token is asked for, renewed, and opens what its roles say."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Page, expect

from hub.auth.claims import LEEWAY_S
from hub.auth.jwt_keys import secret_key
from support.browser import PATIENCE_MS, Watch, barriers
from support.running import CONTRACT, HubProcess, hub_process
from support.tokens import SECRET, token

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that wants to know who comes."""
    environ = {"AUTH": "required", "JWT_SECRET": SECRET}
    with hub_process(tmp_path_factory.mktemp("guarded"), **environ) as process:
        yield process


def signed(role: str, seconds: int = 3600) -> str:
    """Return a token that is good for so long."""
    return token(secret_key(SECRET), sub="asha", roles=[role], exp=int(time.time()) + seconds)


async def post(guarded: HubProcess, name: str) -> None:
    """Send a contract update."""
    headers = {"authorization": f"Bearer {signed('admin')}"}
    async with httpx.AsyncClient(base_url=guarded.url, headers=headers) as rest:
        answer = await rest.post("/update", json={**CONTRACT, "contract_id": name})
        assert answer.status_code == 200


async def paste(page: Page, text: str) -> None:
    """Enter a token."""
    await page.locator("#token").fill(text)
    await page.get_by_role("button", name="Enter").click()


async def test_a_token_is_asked_for_and_forgotten(page: Page, guarded: HubProcess) -> None:
    """Nothing is shown before; a wrong one is said to be unknown; who it is stands above."""
    await page.goto(guarded.url)
    await expect(page.get_by_text("This hub wants to know who comes")).to_be_visible()
    await expect(page.locator("main")).to_be_hidden()
    assert await barriers(page) == []

    await paste(page, "hub_nobody_knows_this_one_at_all")
    await expect(page.locator("#token-fault")).to_contain_text("does not know this token")
    await paste(page, signed("admin"))

    await expect(page.locator("hub-badge")).to_have_text("live")
    await expect(page.locator("#who")).to_contain_text("asha")
    await expect(page.locator("#break")).to_be_hidden()
    await page.reload()
    await expect(page.locator("hub-badge")).to_have_text("live")
    await page.get_by_role("button", name="Forget token").click()
    await expect(page.get_by_text("This hub wants to know who comes")).to_be_visible()


async def test_an_expiring_token_is_renewed(page: Page, guarded: HubProcess) -> None:
    """It is asked for in time, what comes meanwhile is seen, and the newer one is what it has."""
    await page.goto(guarded.url)
    # In the last quarter it is asked for: three seconds, which a busy machine needs.
    await paste(page, signed("admin", seconds=12 - LEEWAY_S))
    await expect(page.locator("hub-badge")).to_have_text("live")

    prompt = page.get_by_text("about to run out")
    await expect(prompt).to_be_visible(timeout=PATIENCE_MS)
    await post(guarded, "meanwhile-1")
    await paste(page, signed("admin"))

    await expect(page.locator("#prompt")).to_be_hidden()
    await expect(page.locator(".events li").filter(has_text="meanwhile-1")).to_be_visible()
    await post(guarded, "renewed-1")
    await expect(page.locator(".events li").filter(has_text="renewed-1")).to_be_visible()
    await expect(page.locator("hub-badge")).to_have_text("live")


async def test_a_page_whose_token_was_revoked_asks_for_another_one_and_for_nothing_else(
    page: Page, watch: Watch, guarded: HubProcess
) -> None:
    """A screen that nobody looks at would show it for ever, and look like an attack."""
    watch.expect("401")
    watch.expect("WebSocket")
    async with httpx.AsyncClient(base_url=guarded.url) as rest:
        rest.headers["authorization"] = f"Bearer {signed('admin')}"
        made = (await rest.post("/api/tokens", json={"name": "wall", "roles": ["viewer"]})).json()
        await page.clock.install()
        await page.goto(guarded.url)
        await paste(page, made["token"])
        await expect(page.locator("hub-badge")).to_have_text("live")

        (await rest.delete(f"/api/tokens/{made['key']['id']}")).raise_for_status()
        await expect(page.get_by_text("The token was revoked")).to_be_visible()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.run_for(60_000)
        await page.evaluate("fetch('/health')")

    assert asked == [f"{guarded.url}/health"]
    await paste(page, signed("viewer"))
    await expect(page.locator("hub-badge")).to_have_text("live")


async def test_what_a_role_may_not_see_is_said(
    page: Page, watch: Watch, guarded: HubProcess
) -> None:
    """A view that is not open names the scope that it takes, and the rest goes on."""
    watch.expect("403")
    await page.goto(f"{guarded.url}/#/webhooks")
    await paste(page, signed("viewer"))

    await expect(page.get_by_role("alert").filter(has_text="webhooks:manage")).to_be_visible()
    await page.get_by_role("link", name="Connections").click()
    await expect(page.get_by_role("alert").filter(has_text="connections:read")).to_be_visible()
    await page.get_by_role("link", name="Overview").click()
    await expect(page.locator("hub-badge")).to_have_text("live")


async def test_a_token_that_has_run_out_is_replaced(
    page: Page, watch: Watch, guarded: HubProcess
) -> None:
    """After a real 4401 what is written stays while the hub refuses, and nothing was missed."""
    watch.expect("401")
    await page.goto(f"{guarded.url}/#/connections")
    await paste(page, signed("admin", seconds=6 - LEEWAY_S))
    await expect(page.locator("hub-badge")).to_have_text("live")
    field = page.locator("#token")
    await field.fill("half a tok")
    await field.focus()

    refused: asyncio.Queue[str] = asyncio.Queue()
    page.on(
        "response", lambda answer: refused.put_nowait(answer.url) if answer.status == 401 else None
    )
    await expect(page.locator("#token-fault")).to_contain_text("has run out")
    await post(guarded, "meanwhile-2")
    await expect(page.locator("hub-badge")).to_contain_text("token_expired")
    await expect(field).to_have_value("half a tok")
    await expect(field).to_be_focused()
    await expect(page.locator("main h2").first).to_be_visible()
    await page.get_by_role("link", name="Overview").click()
    await paste(page, signed("admin"))

    await expect(page.locator("hub-badge")).to_have_text("live")
    await expect(page.locator("#prompt")).to_be_hidden()
    await expect(page.locator(".events li").filter(has_text="meanwhile-2")).to_be_visible()
    # The hub counts refusals: a page that goes on asking would be kept out with its next token.
    assert refused.qsize() <= 1


async def test_a_wrong_token_after_one_that_ran_out_is_asked_again(
    page: Page, watch: Watch, guarded: HubProcess
) -> None:
    """It is said to be unknown; the next one opens the page."""
    watch.expect("401")
    await page.goto(guarded.url)
    await paste(page, signed("admin", seconds=2 - LEEWAY_S))
    await expect(page.locator("#token-fault")).to_contain_text("has run out")

    await paste(page, "hub_nobody_knows_this_one_at_all")
    await expect(page.locator("#token-fault")).to_contain_text("does not know this token")
    await paste(page, signed("admin"))

    await expect(page.locator("hub-badge")).to_have_text("live")
    await expect(page.locator("#who")).to_contain_text("asha")


async def test_the_wire_is_shown_without_the_token(page: Page, guarded: HubProcess) -> None:
    """Who shows the frames to others shows no credential with them (CWE-532)."""
    secret = signed("admin")
    await page.goto(guarded.url)
    await paste(page, secret)
    await expect(page.locator("hub-badge")).to_have_text("live")
    await page.goto(f"{guarded.url}/#/inspect")
    await page.get_by_role("button", name="Wire").click()
    await page.get_by_role("button", name="Pause").click()

    auth = page.locator(".log tr.out").filter(has_text='"auth"').first
    await expect(auth).to_contain_text("…")
    await auth.get_by_role("button").click()
    await expect(page.get_by_label("Event")).to_contain_text('"token"')
    assert secret not in await page.content()
