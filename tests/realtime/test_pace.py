"""The pace: at once when idle, in larger batches under load."""

from hub.realtime.pace import FULL_BYTES, LONGEST_S, MANY, Pace
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

    def _write(self) -> int:
        self.writes.append(round(self.timers.now_s, 6))
        return self._count


def test_an_idle_node_writes_in_the_next_tick() -> None:
    """However much the events of one tick are asked for."""
    sockets = Sockets()

    sockets.pace.ask(10)
    sockets.pace.ask(10)
    sockets.timers.tick()

    assert sockets.writes == [0.0]


def test_after_a_write_to_many_it_rests_twice_as_long() -> None:
    """What comes meanwhile is one more write."""
    sockets = Sockets()
    sockets.pace.ask(10)
    sockets.turn()

    for _ in range(3):
        sockets.pace.ask(10)
        sockets.timers.advance(0.002)
    sockets.timers.advance(0.01)

    assert sockets.writes == [0.0, 0.012]


def test_it_rests_for_20_ms_at_most() -> None:
    """Latency has a bound, however many sockets there are."""
    sockets = Sockets(takes_s=0.5)
    sockets.pace.ask(10)
    sockets.turn()

    sockets.pace.ask(10)
    sockets.timers.advance(LONGEST_S)

    assert sockets.writes == [0.0, 0.5 + LONGEST_S]


def test_few_sockets_are_written_to_each_tick() -> None:
    """They cost less than the rest would bring."""
    sockets = Sockets(MANY - 1)
    for _ in range(3):
        sockets.pace.ask(10)
        sockets.timers.tick()

    assert len(sockets.writes) == 3


def test_what_fills_a_buffer_does_not_wait() -> None:
    """Also when it comes piece by piece."""
    sockets = Sockets()
    sockets.pace.ask(10)
    sockets.turn()

    sockets.pace.ask(10)
    sockets.pace.ask(FULL_BYTES)
    sockets.turn()
    sockets.pace.ask(FULL_BYTES + 1)
    sockets.turn()

    assert sockets.writes == [0.0, 0.004, 0.008]


def test_who_has_rested_long_enough_writes_at_once() -> None:
    """An event that comes later finds an idle node."""
    sockets = Sockets()
    sockets.pace.ask(10)
    sockets.turn()
    sockets.timers.advance(1)

    sockets.pace.ask(10)
    sockets.turn()

    assert sockets.writes == [0.0, 1.004]
