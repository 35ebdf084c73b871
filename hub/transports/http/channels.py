"""Resources of custom channels."""

from starlette.types import ASGIApp

from hub.services.channels import Channels, NewEvent
from hub.transports.http.answer import Answer
from hub.transports.http.call import Call, json_decoder

_events = json_decoder(NewEvent | list[NewEvent])


class ChannelsResource:
    """What can be done with custom channels."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def publish(self, call: Call) -> ASGIApp:
        """Take one event or a list."""
        posted = await call.json(_events)
        new = posted if isinstance(posted, list) else [posted]
        answered = await self._channels.publish(
            call.principal, call.params["channel"], new, call.key()
        )
        return Answer(answered.body, answered.status)
