"""The key server: asked seldom, by one at a time, and believed only when it makes sense."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from hub.auth.claims import Terms
from hub.auth.jwt import JwtSource
from hub.auth.jwt_keys import Key, served_keys
from hub.errors import Unauthenticated, Unavailable
from hub.key_server import MAX_BYTES, PAUSE_S, KeyServer, fresh_for_s
from hub.telemetry.logging import logger
from support.clocks import FakeClock
from support.tokens import EC, NOW_US, RSA, document, token


class Provider:
    """An identity provider on this machine: what it answers, and how often it was asked.

    Attributes:
        gate: While it is not set, nobody gets an answer.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.body = b""
        self.headers: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.came = asyncio.Event()
        self.url = ""

    def serve(self, *keys: Any, **headers: str) -> None:
        """Publish keys from now on."""
        self.status, self.body = 200, json.dumps(document(*keys)).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await receive()
        self.asked.append({name.decode(): value.decode() for name, value in scope["headers"]})
        self.came.set()
        await self.gate.wait()
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


@contextlib.asynccontextmanager
async def running(provider: Provider) -> AsyncIterator[None]:
    """Serve it on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}/jwks.json"
    config = uvicorn.Config(provider, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        provider.gate.set()
        server.should_exit = True
        await task


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """An identity provider that publishes one RSA key."""
    one = Provider()
    one.serve(RSA)
    async with running(one):
        yield one


class Scene:
    """A key server's client, and its time in seconds."""

    def __init__(self, url: str) -> None:
        self.now_s = 1000.0
        self.changes = 0
        self.server = KeyServer(url, served_keys, logger("keys"), now_s=lambda: self.now_s)
        self.server.changed = self._changed
        self.source = JwtSource(Terms(), (), self.server, FakeClock(NOW_US))

    def _changed(self, _had: object, _has: object) -> None:
        self.changes += 1

    @property
    def names(self) -> list[str | None]:
        """Return the names of the keys that are known."""
        return [key.kid for key in self.server.keys]


@pytest.fixture
def scene(provider: Provider) -> Scene:
    """Nobody has asked yet."""
    return Scene(provider.url)


async def test_a_token_of_the_provider_lets_its_user_in(scene: Scene, provider: Provider) -> None:
    """The first one brings the keys, and the next finds them."""
    found = [await scene.source.find(token(RSA, {"kid": "k0"})) for _ in range(5)]

    assert [one.name for one in found if one] == ["alice"] * 5
    assert len(provider.asked) == 1


async def test_the_provider_learns_nothing_of_us(
    scene: Scene, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No password out of .netrc or a proxy of the environment; and nothing compressed."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    await scene.server.look()

    [headers] = provider.asked
    assert headers["accept-encoding"] == "identity"
    assert "authorization" not in headers
    assert "cookie" not in headers


async def test_a_new_key_is_fetched_when_it_is_first_named(
    scene: Scene, provider: Provider
) -> None:
    """A provider that rotates its keys needs no restart of ours."""
    await scene.server.look()
    provider.serve(RSA, EC)
    scene.now_s += PAUSE_S

    found = await scene.source.find(token(EC, {"kid": "k1"}))

    assert found is not None
    assert len(provider.asked) == 2


async def test_ten_thousand_unknown_names_ask_once_in_thirty_seconds(
    scene: Scene, provider: Provider
) -> None:
    """Whoever makes names up does not make us flood the provider."""
    head, body, _ = token(RSA, {"kid": "x"}).split(".")

    async def knock(count: int) -> None:
        for number in range(count):
            with pytest.raises((Unauthenticated, Unavailable)):
                await scene.source.find(f"{head}.{body}.{number:0342}")

    await knock(10_000)
    asked = len(provider.asked)
    scene.now_s += PAUSE_S
    await knock(3)

    assert (asked, len(provider.asked)) == (1, 2)


async def test_a_key_that_is_new_since_the_last_answer_sends_nobody_away_for_good(
    scene: Scene, provider: Provider
) -> None:
    """Else who makes names up, once in a while, has every user refused when the keys change."""
    with pytest.raises(Unauthenticated):
        await scene.source.find(token(RSA, {"kid": "made up"}))
    provider.serve(RSA, EC)
    scene.now_s += 10

    with pytest.raises(Unavailable) as refused:
        await scene.source.find(token(EC, {"kid": "k1"}))
    scene.now_s += refused.value.retry_after_s or 0

    assert refused.value.retry_after_s == PAUSE_S - 10
    assert await scene.source.find(token(EC, {"kid": "k1"})) is not None


async def test_who_comes_together_waits_for_one_answer(scene: Scene, provider: Provider) -> None:
    """A crowd that returns with tokens of a new key asks once."""
    provider.gate.clear()
    crowd = [asyncio.create_task(scene.source.find(token(RSA, {"kid": "k0"}))) for _ in range(50)]
    await provider.came.wait()
    # Who goes away takes the answer from nobody.
    crowd[0].cancel()
    provider.gate.set()

    found = await asyncio.gather(*crowd[1:])

    assert all(found)
    assert len(provider.asked) == 1


async def test_only_so_many_wait(scene: Scene, provider: Provider) -> None:
    """The others are told to come back."""
    provider.gate.clear()
    crowd = [asyncio.create_task(scene.server.look()) for _ in range(1_000)]
    await provider.came.wait()

    with pytest.raises(Unavailable):
        await scene.server.look()

    provider.gate.set()
    await asyncio.gather(*crowd)
    assert scene.names == ["k0"]


async def test_known_keys_do_not_wait_for_an_answer(scene: Scene, provider: Provider) -> None:
    """While a stranger waits for his, whoever is known comes in."""
    await scene.server.look()
    provider.gate.clear()
    provider.came.clear()
    scene.now_s += PAUSE_S
    stranger = asyncio.create_task(scene.source.find(token(RSA, {"kid": "new"})))
    await provider.came.wait()

    found = await scene.source.find(token(RSA, {"kid": "k0"}))

    assert found is not None
    assert not stranger.done()
    provider.gate.set()
    with pytest.raises(Unauthenticated):
        await stranger


def _status(provider: Provider) -> None:
    provider.status = 500


def _redirect(provider: Provider) -> None:
    provider.status, provider.headers = 302, {"location": provider.url}


def _page(provider: Provider) -> None:
    provider.body = b"<html>maintenance</html>"


def _huge(provider: Provider) -> None:
    provider.body = b'{"keys":[]}' + b" " * MAX_BYTES


def _compressed(provider: Provider) -> None:
    provider.headers, provider.body = {"content-encoding": "gzip"}, b"\x1f\x8b" + b"\0" * 100


@pytest.mark.parametrize(
    "break_it",
    [_status, _redirect, _page, _huge, _compressed],
    ids=["500", "a redirect", "a page", "too much", "compressed all the same"],
)
async def test_the_last_good_keys_count_while_the_provider_fails(
    scene: Scene, provider: Provider, break_it: Callable[[Provider], None]
) -> None:
    """Whoever has a token goes on; a new key is 503, since nobody can tell."""
    await scene.server.look()
    break_it(provider)
    scene.now_s += PAUSE_S

    with pytest.raises(Unavailable):
        await scene.source.find(token(EC, {"kid": "new"}))
    found = await scene.source.find(token(RSA, {"kid": "k0"}))

    assert found is not None
    assert (scene.names, scene.changes, len(provider.asked)) == (["k0"], 0, 2)


async def test_a_provider_that_is_away_is_asked_again(
    scene: Scene, provider: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every thirty seconds, with one line in the log, and one when it is back."""
    provider.status = 503
    for _ in range(3):
        await scene.server.look()
        assert scene.server.due_s() == PAUSE_S
        scene.now_s += PAUSE_S
    silent = scene.server.is_silent
    provider.serve(RSA)
    await scene.server.look()

    assert (silent, scene.server.is_silent, scene.names) == (True, False, ["k0"])
    told = capsys.readouterr()
    assert (told.out + told.err).count("does not answer") == 1
    assert (told.out + told.err).count("the key server answers") == 1


async def test_nobody_listens_there() -> None:
    """A refused connection is like any other failure."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    scene = Scene(url)

    with pytest.raises(Unavailable):
        await scene.source.find(token(RSA, {"kid": "k0"}))


async def test_keys_that_were_taken_back_count_no_more(scene: Scene, provider: Provider) -> None:
    """Tokens that were remembered are looked at again, too."""
    await scene.server.look()
    provider.serve(EC)
    scene.now_s += PAUSE_S
    await scene.server.look()

    assert scene.changes == 1
    with pytest.raises(Unauthenticated):
        await scene.source.find(token(RSA, {"kid": "k0"}))


async def test_the_same_keys_change_nothing(scene: Scene, provider: Provider) -> None:
    """Nobody has to be looked up again for them."""
    for _ in range(3):
        await scene.server.look()
        scene.now_s += PAUSE_S

    assert (scene.changes, len(provider.asked)) == (0, 3)


async def test_a_reload_asks_at_once(scene: Scene, provider: Provider) -> None:
    """However short ago it was."""
    await scene.server.look()
    await scene.server.look()
    await scene.server.look(at_once=True)

    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("", 300, id="nothing said"),
        pytest.param("no-store", 300, id="something else said"),
        pytest.param("public, max-age=900", 900, id="a quarter of an hour"),
        pytest.param("MAX-AGE=120,public", 120, id="in capitals"),
        pytest.param("max-age=0", 60, id="at once"),
        pytest.param("max-age=999999", 3600, id="for ever"),
        pytest.param("s-max-age=900", 300, id="for others"),
        pytest.param("max-age=-1", 300, id="no number"),
        pytest.param("max-age=" + "9" * 5000, 300, id="a number that takes a minute to read"),
    ],
)
def test_an_answer_is_fresh_within_reason(header: str, seconds: float) -> None:
    """A minute at least and an hour at most, whatever the provider says."""
    assert fresh_for_s(header) == seconds


async def test_the_answer_says_when_to_ask_again(scene: Scene, provider: Provider) -> None:
    """So that keys are there before a token needs them."""
    provider.serve(RSA, cache_control="max-age=600")

    await scene.server.look()

    assert scene.server.due_s() == 600


async def test_it_is_kept_fresh(provider: Provider) -> None:
    """Without any token, from the start on."""
    server: KeyServer[Key] = KeyServer(provider.url, served_keys, logger("keys"))
    task = asyncio.create_task(server.run())

    await provider.came.wait()
    provider.came.clear()
    while not server.keys:  # noqa: ASYNC110 the answer is on its way
        await asyncio.sleep(0.005)

    task.cancel()
    assert [key.kid for key in server.keys] == ["k0"]
