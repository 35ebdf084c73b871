"""Turns: several processes and one data file."""

import fcntl
import multiprocessing
import multiprocessing.synchronize
import os
import signal
import threading
from pathlib import Path

import pytest

from hub.errors import Misconfigured
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from hub.stores.turns import Turns, take_lock
from support.clocks import FakeClock
from support.units import unit

WRITERS = 3
ROUNDS = 40


def hold(path: Path, held: multiprocessing.synchronize.Event) -> None:
    """In another process: take a turn and never give it back."""
    with Turns(path, needed=True):
        held.set()
        signal.pause()


def test_only_one_has_the_turn(tmp_path: Path) -> None:
    """Whoever else wants it waits until it is given back."""
    inside: list[int] = []
    most: list[int] = []

    def write() -> None:
        turns = Turns(tmp_path / "hub.db", needed=True)
        for _ in range(ROUNDS):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()
        turns.close()

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(most) == WRITERS * ROUNDS
    assert set(most) == {1}


def test_who_has_just_written_queues_behind_who_waits(tmp_path: Path) -> None:
    """A busy process cannot starve another: from the door's queue the other one is next."""
    busy, waiting = (Turns(tmp_path / "hub.db", needed=True) for _ in range(2))
    order: list[str] = []
    at_door = threading.Event()

    def wait() -> None:
        at_door.set()
        with waiting:
            order.append("waiting")

    with busy:
        other = threading.Thread(target=wait)
        other.start()
        at_door.wait()
        while not somebody_stands_at(tmp_path / "hub.db.door"):
            pass
    with busy:
        order.append("busy")
    other.join()

    assert order == ["waiting", "busy"]
    busy.close()
    waiting.close()


def somebody_stands_at(door: Path) -> bool:
    """Try the lock of the door."""
    handle = os.open(door, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def test_a_killed_process_gives_its_turn_back(tmp_path: Path) -> None:
    """The kernel does it; nobody waits for a timeout."""
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold, args=(tmp_path / "hub.db", held))
    process.start()
    held.wait()
    assert process.pid is not None

    os.kill(process.pid, signal.SIGKILL)
    process.join()

    with Turns(tmp_path / "hub.db", needed=True):
        pass


def test_who_is_alone_locks_nothing(tmp_path: Path) -> None:
    """Nor leaves files behind."""
    turns = Turns(tmp_path / "hub.db", needed=False)

    with turns, turns:
        pass

    assert list(tmp_path.iterdir()) == []
    turns.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(False, True, id="alone, then shared"),
        pytest.param(True, False, id="shared, then alone"),
    ],
)
def test_a_hub_without_a_broker_shares_with_nobody(
    tmp_path: Path, *, first: bool, second: bool
) -> None:
    """Its clients would not hear the others; the remedy is named."""
    os.close(take_lock(tmp_path / "free.db", shared=second))
    handle = take_lock(tmp_path / "hub.db", shared=first)

    with pytest.raises(Misconfigured, match="give both the same REDIS_URL"):
        take_lock(tmp_path / "hub.db", shared=second)

    os.close(handle)


async def test_two_processes_write_one_log(tmp_path: Path) -> None:
    """Offsets have no holes, whoever commits; each reads what the other wrote."""
    logs = [SqliteLog(DataFile(tmp_path / "hub.db", shared=True), FakeClock()) for _ in range(2)]
    for log in logs:
        log.migrate()

    for _ in range(3):
        for log in logs:
            await log.commit([unit("a"), unit("b")])

    assert [(await log.state()).heads["contracts"].offset for log in logs] == [12, 12]
    for log in logs:
        await log.close()
