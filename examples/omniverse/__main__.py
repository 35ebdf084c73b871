"""Keep a stage of the hub's contracts: a .usda file that is always whole and always of now.

    python -m examples.omniverse                        contracts.usda, until Ctrl-C
    python -m examples.omniverse --stage india.usda     another file; it is taken up where it was
    python -m examples.omniverse --once                 up to now, and that is all
    python -m examples.omniverse --behind 0.1           shown 100 ms late, and evenly
    python -m examples.omniverse --messages             prints what is shown, as messages of Kit

The hub is http://127.0.0.1:8000, or HUB_URL, with HUB_TOKEN. Needs USD: `pip install usd-core`.
Kill it when you like: stage and position are one file, which is replaced whole.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from examples.omniverse.scene import Scene
except ModuleNotFoundError as missing:
    if missing.name != "pxr":
        raise
    sys.exit("omniverse: expected usd-core, found none: pip install usd-core")

from examples.omniverse.kit import message
from examples.omniverse.live import CHANNEL, LiveStage, Reader, follow
from examples.omniverse.pace import ServerClock, behind
from hub_client import HubError, MCPClient, NetworkError, State

MAX_FPS = 240


class Loop:
    """A frame so often; what it shows is saved so often."""

    def __init__(self, live: LiveStage, reader: Reader, options: argparse.Namespace) -> None:
        self._live = live
        self._reader = reader
        self._options = options
        self._clock = ServerClock()
        self._saved_s = time.monotonic()
        # Set by a signal: an Event must not be, its lock may be held by who is interrupted.
        self.stopping = False

    def run(self, head: Mapping[str, Any] | None) -> None:
        """Go on until `stopping`, or until the stage has come to the head that the hub had.

        Raises:
            HubError: The hub does not want us back.
        """
        while not self.stopping:
            time.sleep(1 / self._options.fps)
            self.frame()
            if head is not None and self._has(head):
                return

    def _has(self, head: Mapping[str, Any]) -> bool:
        epoch, _, offset = (self._live.position or "").rpartition(":")
        return bool(epoch == head["epoch"] and int(offset) >= head["offset"])

    def frame(self) -> None:
        """Show what is due, and save it now and then."""
        for event, arrived_s in self._reader.take():
            self._clock.note(event, arrived_s)
            self._live.add(event)
        now = self._clock.now(time.monotonic())
        shown = self._live.process_up_to(behind(now, self._options.behind))
        if self._options.messages:
            for event in shown:
                print(json.dumps(message(event), ensure_ascii=False), flush=True)
        if time.monotonic() - self._saved_s >= self._options.save_every:
            self._live.scene.save()
            self._saved_s = time.monotonic()


def tell(state: State) -> None:
    """Say on stderr how the connection is."""
    again = "" if state.retry_in_s is None else f", again in {state.retry_in_s:.1f} s"
    print(f"({state.state}{f': {state.reason}' if state.reason else ''}{again})", file=sys.stderr)


def main() -> int:
    """Run until Ctrl-C or SIGTERM."""
    options = _options()
    try:
        live = LiveStage(Scene.open(options.stage))
        # The listener comes back by itself; whoever asks for now wants an answer now.
        with MCPClient(options.url, max_retries=0) as client:
            _run(client, live, options)
    except (OSError, ValueError) as error:
        print(f"omniverse: {error}", file=sys.stderr)
        return 2
    except HubError as error:
        print(f"omniverse: {error} ({error.help})", file=sys.stderr)
        return 3 if isinstance(error, NetworkError) else 1
    print(f"{len(live)} contracts up to {live.position} in {options.stage}", file=sys.stderr)
    return 0


def _run(client: MCPClient, live: LiveStage, options: argparse.Namespace) -> None:
    head = client.history(CHANNEL, limit=1) if options.once else None
    reader = follow(client, live, tell)
    loop = Loop(live, reader, options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(loop, "stopping", True))
    try:
        loop.run(head)
    finally:
        reader.stop()
        live.scene.save()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.omniverse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", help="the hub's address; else HUB_URL, else 127.0.0.1:8000")
    parser.add_argument("--stage", type=Path, default=Path("contracts.usda"), help="the file")
    parser.add_argument("--fps", type=_rate, default=20.0, help="frames a second (20)")
    parser.add_argument("--behind", type=float, default=0.0, help="seconds to show it late (0)")
    parser.add_argument("--save-every", type=float, default=1.0, help="seconds between saves (1)")
    parser.add_argument("--once", action="store_true", help="end when the stage is of now")
    parser.add_argument("--messages", action="store_true", help="print what is shown, for Kit")
    return parser.parse_args()


def _rate(text: str) -> float:
    number = float(text)
    if not 1 <= number <= MAX_FPS:
        raise argparse.ArgumentTypeError(f"expected 1 to {MAX_FPS}, got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
