"""What a listener does next, without I/O: frames in, outputs out.

The promise: the events of a channel come out in order, each once, without a
hole; or a gap is said. Whatever the connection does, the feed asks the hub for
what follows the last event that came out.

The shell (`sync/listener.py`, `aio/listener.py`) owns the socket. It calls
`opened`, `received`, `idle` and `lost` as these happen and does what they return.
"""

import msgspec

from hub_client.clock import Clock
from hub_client.errors import HistoryGap, HubError, SerializationError
from hub_client.event import Snapshot
from hub_client.lag import Lag
from hub_client.listening.backoff import reconnect_delay
from hub_client.listening.closing import Loss, broken, command_refused
from hub_client.listening.frames import (
    Control,
    Heartbeat,
    Hole,
    Page,
    Push,
    Refusal,
    Subscribed,
    Welcome,
    read,
)
from hub_client.listening.outputs import Change, Fail, Output, Reconnect, Send, Skipped, Slow
from hub_client.listening.progress import Progress
from hub_client.listening.subscription import Subscription, Verdict
from hub_client.listening.wants import Wants
from hub_client.position import Stand
from hub_client.state import ListenState, State

HEARTBEAT_S = 25.0
"""Until the hub's welcome says otherwise."""
PATIENCE_S = 10.0
"""How much later than promised a heartbeat may be."""
NORMAL = 1000
INVALID_DATA = 1007


class Feed:
    """The core of one `listen`.

    Attributes:
        state: The last one that was said.
        idle_after_s: Seconds without a frame after which to call `idle`.
    """

    def __init__(self, wants: Wants, *, base: str, clock: Clock) -> None:
        self.state = State(ListenState.CONNECTING)
        self.idle_after_s = HEARTBEAT_S + PATIENCE_S
        self._wants = wants
        self._base = base
        self._clock = clock
        self._subscriptions = {name: Subscription(name, wants) for name in wants.channels}
        self._progress = Progress(wants.channels, wants.since)
        self._later: list[Subscription] = []
        """What is subscribed to once every channel has a position."""
        self._requests = 0
        """Commands so far; makes their ids."""
        self._attempt = 0
        """Losses since the listener was last connected."""

    @property
    def position(self) -> str | None:
        """Where the caller stands once everything that came out is handled."""
        return self._progress.position

    @property
    def lag(self) -> int | None:
        """Events the hub is known to have beyond what came out; None before its first answer."""
        known = [sub for sub in self._subscriptions.values() if sub.stand and sub.head]
        return sum(max(0, s.head - s.stand.offset) for s in known if s.stand) if known else None

    @property
    def ended(self) -> bool:
        """Whether this feed is over for good."""
        return self.state.state is ListenState.DISCONNECTED

    def connecting(self) -> list[Output]:
        """Say that it begins."""
        return [self._change(State(ListenState.CONNECTING))]

    def opened(self) -> list[Output]:
        """Subscribe on a new connection.

        Channels without a position go first, alone: events wait until every
        channel has one, and a long replay of another would have to wait too.
        """
        subscriptions = list(self._subscriptions.values())
        for subscription in subscriptions:
            subscription.live = False
        first = [sub for sub in subscriptions if sub.stand is None]
        if first:
            self._later = [sub for sub in subscriptions if sub.stand is not None]
            return [self._subscribe(sub) for sub in first]
        self._later = []
        return [*self._progress.release(), *(self._subscribe(sub) for sub in subscriptions)]

    def received(self, data: bytes | str) -> list[Output]:
        """Take a frame."""
        if self.ended:
            return []
        try:
            frame = read(data)
        except SerializationError as error:
            return self._end(error, INVALID_DATA, "invalid_data")
        return self._push(frame) if isinstance(frame, Push) else self._control(frame)

    def idle(self) -> list[Output]:
        """Take it that the hub is silent: the connection is dead, though open."""
        return self.lost(broken("heartbeat_timeout", f"no frame for {self.idle_after_s:g} s"))

    def lost(self, loss: Loss) -> list[Output]:
        """Take it that there is no connection, and come back unless that is pointless."""
        if self.ended:
            return []
        if loss.final:
            return self._end(loss.error, loss.code, loss.reason)
        delay = reconnect_delay(self._attempt, self._clock.random(), loss.retry_after_s)
        self._attempt += 1
        loss.error.base = self._base
        state = State(
            ListenState.CONNECTING,
            loss.code,
            loss.reason,
            loss.error.help,
            delay,
            str(loss.error),
        )
        return [self._change(state), Reconnect(delay)]

    def closed(self) -> list[Output]:
        """End because the caller wants it."""
        if self.ended:
            return []
        return [self._change(State(ListenState.DISCONNECTED, NORMAL, "closed"))]

    def _control(self, frame: Control | None) -> list[Output]:
        match frame:
            case Welcome():
                self.idle_after_s = (frame.heartbeat_s or HEARTBEAT_S) + PATIENCE_S
            case Heartbeat():
                return self._heartbeat(frame)
            case Subscribed():
                return self._subscribed(frame)
            case Page():
                return self._page(frame)
            case Refusal():
                return self._refused(frame)
            case Hole() | Lag():
                return self._told(frame)
            case _:
                pass
        return []

    def _heartbeat(self, beat: Heartbeat) -> list[Output]:
        outputs: list[Output] = []
        for channel, offset in beat.positions.items():
            subscription = self._subscriptions.get(channel)
            if subscription is None or subscription.stand is None or not subscription.live:
                continue
            if beat.epoch not in {None, subscription.stand.epoch}:
                outputs += self._resubscribe(subscription)
            elif subscription.moved(offset):
                self._progress.move(channel, subscription.stand)
        return outputs

    def _subscribed(self, reply: Subscribed) -> list[Output]:
        subscription = self._subscriptions.get(reply.channel)
        if subscription is None:
            return []
        if not subscription.asked(reply.reply_to):
            subscription.renew(reply)
            return []
        self._progress.epoch = reply.epoch
        if subscription.begins_anew(reply):
            return self._resubscribe(subscription)
        if not subscription.accept(reply):
            at = Stand(reply.epoch, reply.offset)
            return self._gap(subscription, at, reply.reason or "expired")
        if subscription.live and subscription.stand is not None:
            self._progress.begin(reply.channel, subscription.stand)
        return self._ready()

    def _page(self, page: Page) -> list[Output]:
        subscription = self._subscriptions.get(page.channel)
        items = subscription.page(page) if subscription else None
        if subscription is None or subscription.stand is None or items is None:
            return []
        snapshot = Snapshot(
            type="snapshot",
            channel=page.channel,
            data={"items": items},
            offset=subscription.stand.offset,
        )
        out = self._progress.come_out(page.channel, subscription.stand, snapshot)
        return [*out, *self._ready()]

    def _refused(self, reply: Refusal) -> list[Output]:
        if not any(sub.asked(reply.reply_to) for sub in self._subscriptions.values()):
            return []
        return self.lost(command_refused(reply))

    def _told(self, frame: Hole | Lag) -> list[Output]:
        subscription = self._subscriptions.get(frame.channel)
        if subscription is None or subscription.stand is None or not subscription.live:
            return []
        stand = subscription.stand
        if isinstance(frame, Lag):
            subscription.head = stand.offset + frame.behind
            return [Slow(frame)]
        at = Stand(frame.epoch or stand.epoch, frame.to)
        if at.epoch == stand.epoch and at.offset <= stand.offset:
            return []
        if at.epoch == stand.epoch and subscription.moved(frame.start - 1):
            self._progress.move(frame.channel, subscription.stand)
        return self._gap(subscription, at, frame.reason or "expired")

    def _push(self, push: Push) -> list[Output]:
        subscription = self._subscriptions.get(push.channel)
        if subscription is None:
            return []
        match subscription.admit(push):
            case Verdict.NEXT:
                stand = None if push.offset is None else subscription.stand
                return self._progress.come_out(push.channel, stand, push)
            case Verdict.HOLE:
                return self._hole(subscription, push)
            case _:
                return []

    def _hole(self, subscription: Subscription, push: Push) -> list[Output]:
        if subscription.may_repair() or subscription.stand is None:
            return self._resubscribe(subscription)
        # The hub was asked for it and sent the same hole again: it has no such events.
        gap = self._gap(subscription, Stand(subscription.stand.epoch, push.before), "missing")
        return gap + self._push(push) if self._wants.on_gap == "skip" else gap

    def _gap(self, subscription: Subscription, at: Stand, reason: str) -> list[Output]:
        channel, was = subscription.channel, subscription.stand
        self._progress.epoch = at.epoch
        gap = HistoryGap(
            f"{channel}: events after {was.offset if was else 0} are gone: {reason}",
            channel=channel,
            from_offset=was.offset if was else 0,
            to_offset=at.offset,
            reason=reason,
            position=self._progress.behind(channel, at),
        )
        gap.base = self._base
        if self._wants.on_gap == "raise":
            return self._end(gap, None, gap.code)
        if self._wants.on_gap == "snapshot":
            subscription.reload()
            return [Skipped(gap), *self._resubscribe(subscription)]
        subscription.land(at)
        self._progress.move(channel, at)
        return [Skipped(gap), *self._ready()]

    def _ready(self) -> list[Output]:
        """Go on once every channel that was asked for is live."""
        waiting = [sub for sub in self._subscriptions.values() if not sub.live]
        if any(sub not in self._later for sub in waiting):
            return []
        outputs = self._progress.release()
        if self._later:
            outputs += [self._subscribe(sub) for sub in self._later]
            self._later = []
        elif self.state.state is not ListenState.CONNECTED:
            self._attempt = 0
            outputs.append(self._change(State(ListenState.CONNECTED)))
        return outputs

    def _subscribe(self, subscription: Subscription) -> Send:
        self._requests += 1
        command = subscription.subscribe(f"s{self._requests}")
        return Send(msgspec.json.encode(command).decode())

    def _resubscribe(self, subscription: Subscription) -> list[Output]:
        leave = {"type": "unsubscribe", "channel": subscription.channel}
        return [Send(msgspec.json.encode(leave).decode()), self._subscribe(subscription)]

    def _end(self, error: HubError, code: int | None, reason: str) -> list[Output]:
        error.base = self._base
        state = State(ListenState.DISCONNECTED, code, reason, error.help, None, str(error))
        return [*self._progress.release(), self._change(state), Fail(error)]

    def _change(self, state: State) -> Change:
        self.state = state
        return Change(state)
