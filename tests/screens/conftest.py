"""One hub process for all tests of a file: each test uses names of its own."""

from collections.abc import Iterator

import pytest

from support.running import HubProcess, hub_process


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that answers."""
    with hub_process(tmp_path_factory.mktemp("served")) as process:
        yield process
