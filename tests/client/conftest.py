"""Fixtures of the client's tests."""

from collections.abc import Iterator

import pytest

from client.fakes import Caller, FakeHub, running_hub


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own settings out."""
    for name in ("HUB_URL", "HUB_TOKEN", "WS_URI", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """Call the blocking client, then the asyncio one."""
    return Caller(request.param)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Run a small hub on a real socket."""
    with running_hub() as hub:
        yield hub
