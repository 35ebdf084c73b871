"""Listen, and come back where you were: the position is stored after each event.

    python examples/listen.py                   contracts and jobs, from now on
    python examples/listen.py contracts         one channel
    python examples/listen.py --forget          from now on, whatever was stored

Stop it, let the hub take some updates, start it again: it begins with the first one it missed.
"""

import argparse
import sys
from pathlib import Path

from hub_client import Event, HistoryGap, HubError, MCPClient, State


def describe(event: Event) -> str:
    """Return one line about an event."""
    if contract := event.contract:
        return f"contract {contract.contract_id} in {contract.location} is {contract.status}"
    if job := event.job:
        percentage = (job.progress or {}).get("percentage")
        done = "" if percentage is None else f", {percentage:g} %"
        return f"job {job.job_id} is {job.status}{done}"
    return f"{event.type} {event.data}"


class Bookmark:
    """A file that holds the position after the last event that was handled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """Return the position, or None the first time."""
        return self._path.read_text().strip() if self._path.exists() else None

    def write(self, position: str) -> None:
        """Store it, whole or not at all: a kill between two writes must not leave half a line."""
        new = self._path.with_suffix(".new")
        new.write_text(position)
        new.replace(self._path)

    def forget(self) -> None:
        """Begin from now on the next time."""
        self._path.unlink(missing_ok=True)


def listen(client: MCPClient, channels: list[str], bookmark: Bookmark, count: int | None) -> None:
    """Print events and store the position after each.

    Raises:
        HistoryGap: What was missed is gone: the hub no longer keeps it.
    """
    events = client.listen(*channels, since=bookmark.read(), on_state=tell)
    for number, event in enumerate(events, 1):
        print(f"#{event.offset or '-'}  {describe(event)}", flush=True)
        if event.position:
            bookmark.write(event.position)
        if number == count:
            return


def tell(state: State) -> None:
    """Say on stderr how the connection is."""
    again = "" if state.retry_in_s is None else f", again in {state.retry_in_s:.1f} s"
    print(f"({state.state}{f': {state.reason}' if state.reason else ''}{again})", file=sys.stderr)


def main() -> int:
    """Listen until Ctrl-C, or until there are enough."""
    options = _options()
    bookmark = Bookmark(options.bookmark)
    if options.forget:
        bookmark.forget()
    try:
        with MCPClient(options.url) as client:
            listen(client, options.channels, bookmark, options.count)
    except KeyboardInterrupt:
        return 0
    except HistoryGap as gap:
        # Here a screen would load everything anew; then it goes on behind the gap.
        bookmark.write(gap.position)
        print(f"listen: {gap}; start again to go on behind it", file=sys.stderr)
        return 1
    except HubError as error:
        print(f"listen: {error} ({error.help})", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("channels", nargs="*", help="contracts and jobs when none is named")
    parser.add_argument("--url", help="the hub's address; else HUB_URL, else 127.0.0.1:8000")
    parser.add_argument("--bookmark", type=Path, default=Path("listen.position"), help="the file")
    parser.add_argument("--forget", action="store_true", help="begin from now on")
    parser.add_argument("--count", type=int, help="end after so many events")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
