"""The pace: at once when idle, in larger batches under load."""

from hub.realtime.pace import FULL_BYTES, IN_A_ROW, LONGEST_S, MANY, Pace
from support.clocks import FakeTimers


class Sockets:
    """Sockets that are written to; each write takes a while, as it does on a loop."""

    def __init__(self, count: int = MANY, *, takes_s: float = 0.004) -> None:
        self.timers = FakeTimers()
        self.pace = Pace(self.timers, self._write)
        self.writes: list[float] = []
        self._count = count
        self._takes_s = takes_s

    def turn(self) -> None:
        """Let one tick pass, with the time that its writes take, and the next."""
        written = len(self.writes)
        self.timers.tick()
        self.timers.now_s += self._takes_s * (len(self.writes) - written)
        self.timers.tick()

    def busy(self) -> None:
        """Write until the next one rests: each is asked for when the last has hardly ended."""
        for _ in range(IN_A_ROW):
            self.pace.ask(10)
            self.turn()

    def _write(self) -> int:
        self.writes.append(round(self.timers.now_s, 6))
        return self._count


def test_an_idle_node_writes_in_the_next_tick() -> None:
    """Once, however often the events of one tick ask for it."""
    sockets = Sockets()

    sockets.pace.ask(10)
    sockets.pace.ask(0)
    sockets.turn()

    assert sockets.writes == [0.0]


def test_a_busy_node_rests_as_long_as_the_last_write_took() -> None:
    """What comes meanwhile is one more write."""
    sockets = Sockets(takes_s=0.004)
    sockets.busy()
    written, now_s = len(sockets.writes), sockets.timers.now_s

    for _ in range(3):
        sockets.pace.ask(10)
        sockets.timers.advance(0.001)
    early = len(sockets.writes)
    sockets.timers.advance(0.001)

    assert early == written
    assert sockets.writes[written:] == [round(now_s + 0.004, 6)]


def test_a_pause_between_two_writes_ends_the_resting() -> None:
    """A steady stream is written event by event: a rest would only make it late."""
    sockets = Sockets(takes_s=0.004)
    sockets.busy()
    written = len(sockets.writes)

    for _ in range(5):
        sockets.timers.advance(0.002)
        sockets.pace.ask(10)
        sockets.turn()

    assert len(sockets.writes) == written + 5


def test_two_events_that_meet_by_chance_do_not_make_it_rest() -> None:
    """It takes some in a row."""
    sockets = Sockets(takes_s=0.004)

    for _ in range(IN_A_ROW):
        sockets.pace.ask(10)
        sockets.turn()

    assert sockets.writes == [round(0.004 * n, 6) for n in range(IN_A_ROW)]


def test_what_is_asked_for_while_it_is_measured_is_not_forgotten() -> None:
    """The measure is taken a tick after the write; an event may come between."""
    sockets = Sockets()
    sockets.pace.ask(10)
    sockets.timers.tick()

    sockets.pace.ask(0)
    sockets.timers.tick()
    sockets.turn()

    assert len(sockets.writes) == 2


def test_it_rests_for_10_ms_at_most() -> None:
    """Latency has a bound, however many sockets there are."""
    sockets = Sockets(takes_s=0.5)
    sockets.busy()
    written = len(sockets.writes)

    sockets.pace.ask(10)
    sockets.timers.advance(LONGEST_S)

    assert len(sockets.writes) == written + 1


def test_few_sockets_are_written_to_each_tick() -> None:
    """They cost less than a rest would bring."""
    sockets = Sockets(MANY - 1)
    for _ in range(10):
        sockets.pace.ask(10)
        sockets.timers.tick()

    assert len(sockets.writes) == 10


def test_what_fills_a_buffer_does_not_wait() -> None:
    """Also when it comes piece by piece."""
    sockets = Sockets()
    sockets.busy()
    written = len(sockets.writes)

    sockets.pace.ask(10)
    sockets.pace.ask(FULL_BYTES)
    sockets.turn()
    sockets.pace.ask(FULL_BYTES + 1)
    sockets.turn()

    assert len(sockets.writes) == written + 2
