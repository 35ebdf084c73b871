"""Use cases on an empty log; see `support.use_cases`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.use_cases import UseCases, open_use_cases


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[UseCases]:
    """Everything below the transports."""
    use_cases = await open_use_cases(tmp_path)
    yield use_cases
    await use_cases.publisher.close()
    await use_cases.log.close()
