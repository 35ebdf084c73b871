"""Reload: a running hub reads its settings again."""

import asyncio
import contextlib
import os
from collections.abc import Mapping

from hub.app.reloading import Reloading
from hub.errors import Misconfigured
from hub.settings import load, strength
from hub.telemetry.logging import Logger


class Renewal:
    """Reads the settings again, one wish after the other, beside the clients.

    Args:
        reloading: Takes them over.
        options: Of the command line; they win over the environment.
        log: Told what came of it, in one line.
    """

    def __init__(self, reloading: Reloading, options: Mapping[str, str], log: Logger) -> None:
        self._reloading = reloading
        self._options = options
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def wish(self) -> None:
        """Read them again; may be called by a signal."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._run())
            self._task.add_done_callback(self._done)
        else:
            # A file may have changed since it was read.
            self._again = True

    def _done(self, _task: "asyncio.Task[None]") -> None:
        self._task = None
        if self._again:
            self._again = False
            self._start()

    async def _run(self) -> None:
        try:
            # Files may lie on a disk that hangs.
            settings, warnings = await asyncio.to_thread(load, {**os.environ, **self._options})
            change = self._reloading.take(settings)
        except Misconfigured as error:
            self._log.error(
                "the settings were not reloaded: those before count on", cause=strength.cause(error)
            )
            return
        except Exception:  # noqa: BLE001 logged, and the hub goes on as it was
            self._log.exception("the settings were not reloaded: a fault of ours")
            return
        # What has no effect should be read, whatever the level is now.
        say = self._log.warning if change.waiting or warnings else self._log.info
        say(
            "settings reloaded",
            changed=change.taken,
            need_restart=change.waiting,
            warnings=warnings,
        )
