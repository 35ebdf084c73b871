"""The loops that webhooks are sent on: uvloop under uvicorn, asyncio's own elsewhere."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

# What touches sockets: the transports of the two differ.
ON_BOTH = {"test_sending.py", "test_dialing.py"}


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what touches sockets on either loop."""
    if item.path.name not in ON_BOTH:
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
