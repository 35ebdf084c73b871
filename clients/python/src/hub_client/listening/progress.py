"""Where the caller stands: what has come out, as a position that can be stored."""

import msgspec

from hub_client.event import Event, Snapshot
from hub_client.listening.frames import Push
from hub_client.listening.outputs import Deliver, Output
from hub_client.position import Position, Stand, render

Held = tuple[str, Stand | None, Push | Snapshot | None]


class Progress:
    """Lets events out, each with the position that its reader may store.

    Until every channel has a position nothing comes out: one that left a
    channel out would lose that channel's events when it is given back.

    Attributes:
        epoch: The newest the hub named.
    """

    def __init__(self, channels: tuple[str, ...], since: Position) -> None:
        self.epoch: str | None = None
        self._channels = channels
        self._stands = dict(since.stands)
        self._held: list[Held] | None = []

    @property
    def position(self) -> str | None:
        """The position after all that came out; None before the hub's first answer."""
        return render(self._stands, self._channels, self.epoch)

    def begin(self, channel: str, stand: Stand) -> None:
        """Count from there, unless the channel is counted already."""
        self._stands.setdefault(channel, stand)

    def behind(self, channel: str, at: Stand) -> str:
        """Return the position with a gap left behind.

        In a new epoch the other channels start over too, so their old offsets are left out.
        """
        stands = {name: there for name, there in self._stands.items() if there.epoch == at.epoch}
        return render(stands | {channel: at}, self._channels, at.epoch) or ""

    def move(self, channel: str, stand: Stand) -> None:
        """Stand there without an event."""
        self.come_out(channel, stand, None)

    def come_out(
        self, channel: str, stand: Stand | None, push: Push | Snapshot | None
    ) -> list[Output]:
        """Let an event out, or keep it until `release`; `stand` is None if it has no offset."""
        if self._held is not None:
            self._held.append((channel, stand, push))
            return []
        if stand is not None:
            self._stands[channel] = stand
        return [] if push is None else [Deliver(self._event(push))]

    def release(self) -> list[Output]:
        """Let out what was kept, and keep nothing from now on."""
        held, self._held = self._held or [], None
        return [output for kept in held for output in self.come_out(*kept)]

    def _event(self, push: Push | Snapshot) -> Event:
        if isinstance(push, Snapshot):
            return msgspec.structs.replace(push, position=self.position)
        return Event(
            type=push.type,
            channel=push.channel,
            data=push.data(),
            offset=push.offset,
            id=push.id,
            timestamp=push.timestamp,
            position=self.position,
            test=push.test,
            trace=push.trace,
        )
