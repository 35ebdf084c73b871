"""The view: what of a channel a client gets to see, and in which form.

Equal views share frames: those who are live get one buffer, those who return to the same place
get one page.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hub.realtime.conflation import Conflation, Latest
from hub.realtime.filters import Filter, read_facts
from hub.realtime.formats import JSON, Format
from hub.realtime.frames import Batch, Frame, rewritten


class View(NamedTuple):
    """What a client has asked for; hashed by what it says.

    Attributes:
        form: JSON or MessagePack.
        where: Only these events; None for all.
        conflate: Only the newest of each entity; None for every one.
    """

    form: Format = JSON
    where: Filter | None = None
    conflate: Conflation | None = None

    @property
    def is_whole(self) -> bool:
        """Say whether the reader gets every offset."""
        return self.where is None and self.conflate is None


PLAIN = View()


class Page(NamedTuple):
    """Part of a replay.

    Attributes:
        batch: What is to be written; None when the reader gets to see nothing of the part.
        upto: The reader stands at this place after it.
        seen: Offset of the newest event that the reader has had.
    """

    batch: Batch | None
    upto: int
    seen: int


def page(frames: Sequence[Frame], view: View, seen: int) -> Page:
    """Return what a reader gets to see of frames, at least one, in order."""
    shown = frames if view.is_whole else _chosen(frames, view)
    written = rewrite(shown, view, seen)
    last = shown[-1].offset if shown else seen
    return Page(Batch(written) if written else None, frames[-1].at, last)


def rewrite(frames: Sequence[Frame], view: View, seen: int) -> Sequence[Frame]:
    """Return the frames as a reader gets them, each with the one before it where that may jump."""
    if view.is_whole:
        if view.form is JSON:
            return frames
        return [rewritten(frame, view.form, None) for frame in frames]
    written = []
    for frame in frames:
        written.append(rewritten(frame, view.form, seen if frame.offset else None))
        seen = frame.offset or seen
    return written


def _chosen(frames: Sequence[Frame], view: View) -> Sequence[Frame]:
    latest = None if view.conflate is None else Latest(view.conflate.key)
    chosen = []
    for frame in frames:
        facts = read_facts(frame.payload, frame.owner)
        if view.where is not None and not view.where.matches(facts):
            continue
        if latest is None:
            chosen.append(frame)
        else:
            latest.add(frame, facts)
    return chosen if latest is None else latest.take()
