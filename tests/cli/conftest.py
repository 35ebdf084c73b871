"""One hub process for all tests of a file: each test uses names of its own."""

import logging
import signal
from collections.abc import Iterator

import pytest
import structlog

from support.commands import end_leftovers
from support.running import HubProcess, hub_process

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def no_hanging() -> Iterator[None]:
    """Fail a test that waits for what never comes, and leave no process behind."""

    def too_late(*_: object) -> None:
        # No TimeoutError: the code under test may take that for its own.
        pytest.fail(f"expected an end within {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    end_leftovers()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what `hub serve` in this process does to logging: its stderr is gone afterwards."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that answers."""
    with hub_process(tmp_path_factory.mktemp("served")) as process:
        yield process
