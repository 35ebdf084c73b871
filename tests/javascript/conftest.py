"""One hub for all tests here: who listens begins where it stands."""

from collections.abc import Iterator

import pytest

from support.running import HubProcess, hub_process


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that lets everybody in."""
    with hub_process(tmp_path_factory.mktemp("hub")) as process:
        yield process
