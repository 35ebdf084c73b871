"""The settings of limits: what one client, one address or one node may ask for."""

from typing import Annotated

import msgspec

from hub.settings.named import named as _help

Most = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]

MaxConnections = Annotated[
    Most,
    _help(
        "HUB_MAX_CONNECTIONS",
        "WebSockets and streams a node has open at most, but for its own machine's; then 429. "
        "0: as many as open files allow",
    ),
]
MaxConnectionsPerIp = Annotated[
    Most,
    _help(
        "HUB_MAX_CONNECTIONS_PER_IP",
        "The same from one address, of IPv6 from one /64; 0: any number",
    ),
]
ConnectRate = Annotated[
    Rate,
    _help(
        "HUB_CONNECT_RATE",
        "New WebSockets and streams a second, twice as many at once; then 429. "
        "Its own machine is not limited. 0: any number",
    ),
]
ConnectRatePerIp = Annotated[
    Rate,
    _help("HUB_CONNECT_RATE_PER_IP", "The same from one address, over all nodes; 0: any number"),
]
MaxConnectionsPerPrincipal = Annotated[
    Most,
    _help(
        "HUB_MAX_CONNECTIONS_PER_PRINCIPAL",
        "WebSockets and streams of one principal on a node; then 4508, or 429. 0: any number",
    ),
]
ConnectRatePerPrincipal = Annotated[
    Rate,
    _help(
        "HUB_CONNECT_RATE_PER_PRINCIPAL",
        "New ones of one principal a second, twice as many at once, over all nodes; 0: any number",
    ),
]
RequestRatePerIp = Annotated[
    Rate,
    _help(
        "HUB_REQUEST_RATE_PER_IP",
        "Requests a second from one address, of IPv6 from one /64, twice as many at once; "
        "then 429. Not of this machine. 0: any number",
    ),
]
RequestRate = Annotated[
    Rate,
    _help("HUB_REQUEST_RATE", "The same of one principal, over all nodes; 0: any number"),
]
PublishRate = Annotated[
    Rate,
    _help(
        "HUB_PUBLISH_RATE",
        "Events that one principal writes a second, twice as many at once, over all nodes; "
        "then 429. 0: any number",
    ),
]
CommandRate = Annotated[
    Rate,
    _help(
        "HUB_COMMAND_RATE",
        "Commands a second on one WebSocket, twice as many at once; then they are refused, "
        "and who goes on is closed with 4429. 0: any number",
    ),
]
CommandRatePerPrincipal = Annotated[
    Rate,
    _help(
        "HUB_COMMAND_RATE_PER_PRINCIPAL",
        "Commands a second on all WebSockets of one principal, over all nodes; 0: any number",
    ),
]
VolatileEventsPerS = Annotated[
    Count,
    _help("HUB_VOLATILE_EVENTS_PER_S", "Events/s of a volatile channel on a node; then 429"),
]
