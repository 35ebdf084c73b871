"""One request to a hub through the SDK."""

from collections.abc import Callable
from typing import Any

from hub.cli.addressing import hub_address
from hub_client import MCPClient

Answer = dict[str, Any]


def send(url: str | None, retries: int, call: Callable[[MCPClient], Answer]) -> Answer:
    """Return the hub's answer to `call`.

    Raises:
        click.UsageError: The address is none, or HUB_TOKEN no token.
        hub_client.HubError: No hub answers, or it refused.
    """
    hub_address(url)
    with MCPClient(url, max_retries=retries) as client:
        return call(client)
