"""A hub that kills itself at a step of its way from post to answer: `python -m support.crashing`.

CRASH_AT names the step, CRASH_AFTER the number of groups that pass it unharmed.
"""

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

from hub.cli import main
from hub.realtime import fanout
from hub.services import publisher
from hub.stores import log as sqlite_log
from hub.stores.postgres import log as postgres_log

STEPS = (
    "in the transaction",
    "before the commit",
    "before the announcement",
    "before the answer",
)


class Fuse:
    """Burns down with each group; then the process ends as by kill -9."""

    def __init__(self, groups: int) -> None:
        self._left = groups

    def burn(self) -> None:
        """Count one group."""
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any], fuse: Fuse) -> Callable[..., Any]:
    """Return the function, with the fuse in front."""

    @functools.wraps(function)
    def burning(*args: Any, **kwargs: Any) -> Any:
        fuse.burn()
        return function(*args, **kwargs)

    return burning


def after(function: Callable[..., Any], fuse: Fuse) -> Callable[..., Any]:
    """Return the function, with the fuse behind."""

    @functools.wraps(function)
    def burning(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        fuse.burn()
        return result

    return burning


def lay(step: str, fuse: Fuse) -> None:
    """Put the fuse at the step, on both stores."""
    places: dict[str, tuple[tuple[Any, str, Callable[..., Any]], ...]] = {
        "in the transaction": ((sqlite_log, "settle", before), (postgres_log, "settle", before)),
        "before the commit": ((sqlite_log, "_store", after), (postgres_log, "stored", before)),
        "before the announcement": ((fanout.Fanout, "deliver", before),),
        "before the answer": ((publisher, "_settle", before),),
    }
    for owner, name, wrap in places[step]:
        setattr(owner, name, wrap(getattr(owner, name), fuse))


if __name__ == "__main__":
    lay(os.environ["CRASH_AT"], Fuse(int(os.environ["CRASH_AFTER"])))
    main()
