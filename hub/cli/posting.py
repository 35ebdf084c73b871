"""One request to a hub through the SDK."""

from collections.abc import Callable
from typing import Any

import click

from hub_client import MCPClient

Answer = dict[str, Any]


def send(url: str | None, retries: int, call: Callable[[MCPClient], Answer]) -> Answer:
    """Return the hub's answer to `call`.

    Raises:
        click.UsageError: The address is none.
        hub_client.HubError: No hub answers, or it refused.
    """
    try:
        client = MCPClient(url, max_retries=retries)
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from error
    with client:
        return call(client)
