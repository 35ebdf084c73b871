"""A hub and a feed of news for it, until Ctrl-C: what `make demo` runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

FEED = Path(__file__).with_name("feed.py")


def main() -> int:
    """Run both; when the hub ends, for whatever reason, so does the feed."""
    environ = {"LOG_LEVEL": "WARNING", **os.environ}
    environ["HUB_URL"] = f"http://127.0.0.1:{environ.get('PORT') or 8000}"
    hub = subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=environ)
    feed = subprocess.Popen([sys.executable, FEED, "--wait", "--quiet"], env=environ)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: hub.terminate())
    try:
        return _wait(hub)
    finally:
        feed.terminate()
        _wait(feed)


def _wait(process: "subprocess.Popen[bytes]") -> int:
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has told the process too, unless somebody told only us.
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
