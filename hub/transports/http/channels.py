"""Resources of custom channels."""

from starlette.types import ASGIApp

from hub.services.channels import Channels, NewEvent
from hub.services.definitions import ChannelsView, Definitions, NewDefinition
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder

_events = json_decoder(NewEvent | list[NewEvent])
_definition = json_decoder(NewDefinition)


class ChannelsResource:
    """What can be done with custom channels."""

    def __init__(self, channels: Channels, definitions: Definitions) -> None:
        self._channels = channels
        self._definitions = definitions

    async def list(self, _call: Call) -> ASGIApp:
        """Return every channel."""
        return json(ChannelsView([*await self._definitions.all()]))

    async def get(self, call: Call) -> ASGIApp:
        """Return one channel."""
        return json(await self._definitions.one(call.params["channel"]))

    async def define(self, call: Call) -> ASGIApp:
        """Make a channel or change what it keeps."""
        new = await call.json(_definition)
        outcome = await self._definitions.put(call.principal, call.params["channel"], new)
        return json(outcome.view, 201 if outcome.made else 200)

    async def publish(self, call: Call) -> ASGIApp:
        """Take one event or a list."""
        posted = await call.json(_events)
        new = posted if isinstance(posted, list) else [posted]
        answered = await self._channels.publish(
            call.principal, call.params["channel"], new, call.key()
        )
        return Answer(answered.body, answered.status)
