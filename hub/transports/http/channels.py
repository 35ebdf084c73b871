"""Resources of custom channels."""

import msgspec
from starlette.types import ASGIApp

from hub.auth.policy import Deed, Verdict, demand, judge
from hub.model.scope import CHANNELS_DEFINE, EVENTS_PUBLISH, STATUS_READ
from hub.services.auditor import Auditor
from hub.services.channels import MAX_EVENTS, Channels, NewEvent
from hub.services.definitions import ChannelsView, ChannelView, Definitions, NewDefinition
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder

_events = json_decoder(NewEvent | list[NewEvent])
_definition = json_decoder(NewDefinition)


class ChannelsResource:
    """What can be done with custom channels."""

    def __init__(self, channels: Channels, definitions: Definitions, auditor: Auditor) -> None:
        self._channels = channels
        self._definitions = definitions
        self._auditor = auditor

    async def list(self, call: Call) -> ASGIApp:
        """Return every channel that the caller may read."""
        found = await self._definitions.all()
        shown = [one for one in found if judge(call.principal, _look(one)) is Verdict.ALLOWED]
        return json(ChannelsView(shown))

    async def get(self, call: Call) -> ASGIApp:
        """Return one channel."""
        demand(call.principal, Deed(STATUS_READ, call.params["channel"]))
        found = await self._definitions.one(call.params["channel"])
        demand(call.principal, _look(found))
        return json(found)

    async def define(self, call: Call) -> ASGIApp:
        """Make a channel or change what it keeps."""
        demand(call.principal, Deed(CHANNELS_DEFINE, call.params["channel"]))
        new = await call.json(_definition)
        channel = call.params["channel"]
        outcome = await self._definitions.put(call.principal, channel, new)
        await self._auditor.record(
            "channel.define",
            call.principal,
            target=channel,
            address=call.address,
            details={"made": outcome.made, **msgspec.to_builtins(new)},
        )
        return json(outcome.view, 201 if outcome.made else 200)

    async def publish(self, call: Call) -> ASGIApp:
        """Take one event or a list."""
        demand(call.principal, Deed(EVENTS_PUBLISH, call.params["channel"]))
        posted = await call.json(_events)
        new = posted if isinstance(posted, list) else [posted]
        call.publish(min(len(new), MAX_EVENTS))
        answered = await self._channels.publish(
            call.principal, call.params["channel"], new, call.key()
        )
        return Answer(answered.body, answered.status)


def _look(channel: ChannelView) -> Deed:
    return Deed(STATUS_READ, channel.channel, channel.readers)
