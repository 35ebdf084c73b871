"""What several folders of tests use. A hub in this process: see `support.running`."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from support import log_lines
from support.browser import browser, open_page, page, watch  # noqa: F401 fixtures
from support.leaks import install, pytest_runtest_makereport  # noqa: F401 a hook
from support.running import RunningHub, running_hub

install()
log_lines.to_stdout()

# A machine under load is slow now and then; no test is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub that answers on a free port, with an empty log."""
    async with running_hub(tmp_path) as running:
        yield running


@pytest.fixture
async def http(hub: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `hub`."""
    async with httpx.AsyncClient(base_url=hub.url) as client:
        yield client
