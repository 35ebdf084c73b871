"""What the documentation holds, and in which order: its navigation, and `/llms.txt`.

The chapters are those of Diátaxis: to learn, to do, to understand, to look up. Each page is a
file of `docs/` or is made of the code (`tables`, `references`); a test compares.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

FIRST = "start"


class Entry(NamedTuple):
    """A page.

    Attributes:
        name: Of its file in `docs/` without `.md`, and the last part of its address.
        title: Its line in the navigation.
        summary: What it is for, in one line.
    """

    name: str
    title: str
    summary: str

    @property
    def address(self) -> str:
        """Where it is served."""
        return address_of(self.name)


class Chapter(NamedTuple):
    """Pages that answer the same kind of question."""

    title: str
    entries: Sequence[Entry]


def address_of(name: str) -> str:
    """Return the address of a page by its name."""
    return "/docs" if name == FIRST else f"/docs/{name}"


CONTENTS = (
    Chapter(
        "Start",
        (Entry(FIRST, "Hub in five minutes", "From nothing to events in a browser and a program"),),
    ),
    Chapter(
        "Guides",
        (
            Entry("dashboards", "Dashboards", "A page that shows what is, and stays right"),
            Entry("scenes", "3D scenes", "Snapshot, deltas and sixty frames a second"),
            Entry("jobs", "Jobs", "Report work, ask a person, leave results"),
            Entry("webhooks", "Webhooks", "Events posted to an address, signed, until taken"),
            Entry("operations", "Operations", "Run it: stop, grow, watch, back up, upgrade"),
            Entry("from-centrifugo", "Coming from Centrifugo", "Names and code side by side"),
            Entry("from-socket-io", "Coming from Socket.IO", "Names and code side by side"),
            Entry("from-fastapi", "Coming from FastAPI", "What a loop over sockets becomes"),
        ),
    ),
    Chapter(
        "Concepts",
        (
            Entry("concepts", "Concepts", "Event, channel, position, snapshot, view"),
            Entry("delivery", "Delivery", "What is promised, and what happens at the edges"),
            Entry("security", "Security", "Who is kept out, where, and what shows it"),
            Entry("performance", "Performance", "What it carries, how that is measured"),
            Entry("architecture", "Architecture", "How the hub is built, floor by floor"),
        ),
    ),
    Chapter(
        "Reference",
        (
            Entry(
                "protocol", "Protocol", "The socket, the streams and the HTTP side, rule by rule"
            ),
            Entry("sdk", "SDKs", "What every client does, and which SDK does what"),
            Entry("openapi", "REST API", "Every address of the HTTP side, to be tried out here"),
            Entry("asyncapi", "WebSocket API", "Every frame of the socket and every webhook"),
            Entry("cli", "Command line", "Every command of `hub`"),
            Entry("settings", "Settings", "What can be set, and its default"),
            Entry("errors", "Errors", "Every code: what it means, what to do, why it happens"),
            Entry("metrics", "Metrics", "Every number of `/metrics`, and its labels"),
        ),
    ),
)
ENTRIES: Sequence[Entry] = tuple(chain.from_iterable(chapter.entries for chapter in CONTENTS))
NAMES = frozenset(entry.name for entry in ENTRIES)
