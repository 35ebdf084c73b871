"""The line that says what became of a published update."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text


def receipt(answer: Mapping[str, Any], *parts: str | tuple[str, str]) -> Text:
    """Return `contracts #17  …`; without an offset nothing was stored."""
    channel = (f"{answer.get('channel', 'unchanged')}", "cyan")
    place = (f" #{answer['offset']}", "bold") if "offset" in answer else ""
    return Text.assemble(channel, place, "  ", *parts)
