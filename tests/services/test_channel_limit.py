"""Channels are bounded in number: each has a feed and a ring in memory."""

from typing import Any, cast

import pytest

from hub.errors import InvalidFields
from hub.model.principal import ANONYMOUS
from hub.services.channels import Channels, NewEvent
from hub.services.definitions import MAX_CHANNELS
from hub.services.volatile import Volatile


async def test_one_channel_too_many_is_refused() -> None:
    """Nothing is submitted, and the refusal says how many there may be."""
    known = {f"c{n}" for n in range(MAX_CHANNELS)}
    nobody: Any = None
    channels = Channels(nobody, cast("Volatile", ()), "e1", known, nobody)

    with pytest.raises(InvalidFields, match=f"one of the {MAX_CHANNELS} channels"):
        await channels.publish(ANONYMOUS, "another", [NewEvent("placed", {})], None)
