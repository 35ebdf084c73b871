"""What a hub must be asked before a load: its channel is there, and what its frames weigh."""

import os

import msgspec

from hub.bench.load import EVENT_TYPE, Target, hub_target
from hub_client import MCPClient
from hub_client.address import Address

# Of another type, so that nobody counts it.
_FIRST = f"not_{EVENT_TYPE}"


def ask(url: str | None, channel: str) -> Target:
    """Make the channel by a first event, and return how the hub is reached.

    Raises:
        ValueError: The address is none, or the channel is volatile.
        hub_client.HubError: No hub answers, or it refuses.
    """
    target = hub_target(Address(url, None, os.environ), channel)
    with MCPClient(url, max_retries=0) as client:
        head = client.publish(channel, _FIRST, {}).get("offset")
        if head is None:
            raise ValueError(
                f"channel: expected one that keeps its events, got {channel}, which is volatile: "
                "what is left out there is not lost"
            )
        (event,) = client.history(channel, limit=1)["events"]
    weight = len(msgspec.json.encode(event)) - len("{}") - len(_FIRST) + len(EVENT_TYPE)
    return target._replace(envelope=weight, head=head)
