"""Resource of what became of an event."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp

from hub.auth.policy import Deed, Verdict, judge
from hub.model.scope import TRACES_READ
from hub.services.traces import Traces, missing
from hub.transports.http.answer import json
from hub.transports.http.call import Call


class TracesResource:
    """What operators may ask of an event.

    Args:
        traces: Tells.
        readers: Returns the roles that alone may read a channel.
    """

    def __init__(
        self, traces: Traces, readers: Callable[[str], Awaitable[Sequence[str] | None]]
    ) -> None:
        self._traces = traces
        self._readers = readers

    async def get(self, call: Call) -> ASGIApp:
        """Return when it was taken, and whom it has reached.

        Raises:
            EventNotFound: There is none of this id, or of what the caller may not read.
        """
        event_id = call.params["event_id"]
        event = await self._traces.find(event_id)
        readers = await self._readers(event.channel)
        deed = Deed(TRACES_READ, event.channel, readers, event.owner)
        if judge(call.principal, deed) is not Verdict.ALLOWED:
            raise missing(event_id)
        return json(await self._traces.of(event))
