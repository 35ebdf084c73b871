"""Waiting until something is so, without saying how long that takes."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool]) -> None:
    """Let the others go on until it is so; the test's own time limit ends what never comes."""
    while True:
        if is_so():
            return
        await asyncio.sleep(0.001)
