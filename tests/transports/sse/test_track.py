"""The text of a stream: no payload breaks out of it, and no id is ahead of what was told."""

import json

import pytest
from hypothesis import given, strategies as st

from hub.errors import Draining, SlowConsumer
from hub.model.event import Event
from hub.model.positions import Positions
from hub.realtime import replies
from hub.realtime.formats import JSON, to_json
from hub.realtime.frames import Batch, Frame, rewritten, written
from hub.realtime.latest import Entry
from hub.realtime.pages import event_frame
from hub.transports.sse.block import block, farewell
from hub.transports.sse.track import MAX_PLACES, Press, Track
from support.sse import Told, events


def event(channel: str, offset: int, data: bytes = b"{}") -> Frame:
    """Return the frame of an event."""
    return event_frame(Event(channel, offset, f"id-{offset}", "thing_moved", 1, "me", data))


def subscribed(channel: str, offset: int, *, recovered: bool = False) -> Frame:
    """Return the frame that begins a channel."""
    told = replies.Subscribed(
        channel=channel, epoch="e1", offset=offset, head=offset, recovered=recovered, reason=None
    )
    return written(to_json(told), JSON)


def page(channel: str, *, more: bool) -> Frame:
    """Return the frame of a page of a snapshot."""
    return written(to_json(replies.Snapshot(channel=channel, items=[], more=more)), JSON)


def heartbeat(**positions: int) -> Frame:
    """Return the frame of a heartbeat."""
    told = replies.Heartbeat(timestamp="t", client_id="c", epoch="e1", positions=positions)
    return written(to_json(told), JSON)


def lag(mode: str) -> Frame:
    """Return the frame that tells of a lag."""
    told = {"type": "lag", "channel": "jobs", "behind": 9, "mode": mode}
    return written(to_json(told), JSON)


def told(track: Track, *frames: Frame) -> list[Told]:
    """Return what a browser gets of frames."""
    return events(b"".join(map(track.tell, frames)))


def following(*channels: str, snapshot: bool = False) -> Track:
    """Return a track on which every channel has begun at 10."""
    track = Track("e1", channels, None, snapshot=snapshot)
    told(track, *(subscribed(channel, 10, recovered=True) for channel in channels))
    return track


@given(
    (st.text() | st.text("\r\n:a")).map(str.encode) | st.binary(),
    st.from_regex(r"[a-z0-9;=]{0,9}", fullmatch=True),
)
def test_no_payload_breaks_out_of_its_block(payload: bytes, place: str) -> None:
    """Whatever it holds, a browser dispatches one event with that id, and no other."""
    text = block(payload, place, "gap").decode(errors="replace").encode()

    found = events(text)

    data = payload.decode(errors="replace")
    lines = data.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert found == ([Told("gap", lines, place)])


def test_json_with_line_breaks_stays_the_same_json() -> None:
    """Between two tokens a line break means nothing, so joined lines are what was sent."""
    payload = b'{"a":\r\n1,\r"b":\n[2]}'

    (found,) = events(block(payload, "e1;a=1"))

    assert found.json == {"a": 1, "b": [2]}


def test_an_event_is_the_object_of_the_sockets() -> None:
    """The data is the frame's payload to the byte; its type is `message`, so `onmessage` fires."""
    frame = rewritten(event("jobs", 11, b'{"text":"\\n\xe2\x80\xa8"}'), JSON, 7)

    (found,) = told(following("jobs"), frame)

    assert found == Told("message", frame.payload.decode(), "e1;jobs=11")


def test_the_hubs_own_words_have_their_names() -> None:
    """A listener of `gap` hears gaps, and `onmessage` is not bothered."""
    gap = replies.Gap(channel="jobs", epoch="e1", start=11, end=40, reason="expired")

    (found,) = told(following("jobs"), written(to_json(gap), JSON))

    assert (found.type, found.json["to"], found.id) == ("gap", 40, "e1;jobs=40")


def test_an_id_names_all_channels_as_they_stood_then() -> None:
    """Of events that are written together each has the positions after itself."""
    found = told(following("jobs", "orders"), event("jobs", 11), event("orders", 14))

    assert [each.id for each in found] == ["e1;jobs=11;orders=10", "e1;jobs=11;orders=14"]


def test_there_is_no_id_before_all_channels_have_begun() -> None:
    """An id without a channel would let it begin anew and lose what was between."""
    track = Track("e1", ["jobs", "orders"], None, snapshot=False)

    found = told(track, subscribed("jobs", 4), event("jobs", 5), subscribed("orders", 9))

    assert [each.id for each in found] == ["", "", "e1;jobs=5;orders=9"]


@pytest.mark.parametrize(
    ("since", "ids"),
    [
        pytest.param(
            "e1;orders=8;jobs=4;other=1", ["e1;jobs=5;orders=8", "e1;jobs=5;orders=9"],
            id="all channels are in it",
        ),
        pytest.param("e1;jobs=4", ["e1;jobs=4", "e1;jobs=5;orders=9"], id="a channel is new"),
        pytest.param(
            "e0;jobs=4;orders=8", ["e0;jobs=4;orders=8", "e1;jobs=5;orders=9"],
            id="it is of another log",
        ),
    ],
)  # fmt: skip
def test_who_came_with_an_id_never_loses_it(since: str, ids: list[str]) -> None:
    """By the letter a browser forgets its id when a new stream tells an event without one."""
    track = Track("e1", ["jobs", "orders"], Positions.parse(since), snapshot=False)
    told(track, subscribed("jobs", 4, recovered=True))

    found = told(track, event("jobs", 5), subscribed("orders", 9))

    assert [each.id for each in found] == ids


def test_a_snapshot_in_place_of_a_position_counts_when_it_is_whole() -> None:
    """Until then who returns has its old position, which is refused again."""
    track = Track("e1", ["jobs"], Positions("e1", {"jobs": 4}), snapshot=True)

    found = told(
        track, subscribed("jobs", 90), subscribed("jobs", 90), page("jobs", more=True),
        page("jobs", more=False),
    )  # fmt: skip

    assert [each.id for each in found] == ["e1;jobs=4"] * 3 + ["e1;jobs=90"]


def test_a_test_event_moves_nothing() -> None:
    """It has an id of its own and no offset."""
    (found,) = told(following("jobs"), event("jobs", 0))

    assert (found.type, found.id) == ("message", "e1;jobs=10")
    assert found.json["test"] is True


def test_a_heartbeat_moves_past_what_was_filtered_out() -> None:
    """Who returns need not look through it again; an unknown channel is not added."""
    track = following("jobs")

    text = track.tell(heartbeat(jobs=50, orders=3))

    assert events(text)[0].id == "e1;jobs=50"
    assert text.startswith(b":\n")


def test_half_a_snapshot_is_no_position() -> None:
    """Who breaks off before the last page begins anew."""
    track = Track("e1", ["jobs"], None, snapshot=True)

    found = told(
        track, subscribed("jobs", 7), page("jobs", more=True), page("jobs", more=False),
        event("jobs", 8),
    )  # fmt: skip

    assert [each.id for each in found] == ["", "", "e1;jobs=7", "e1;jobs=8"]


def test_what_is_resumed_needs_no_snapshot() -> None:
    """A stream that would begin with a snapshot stands where it resumes."""
    track = Track("e1", ["jobs"], None, snapshot=True)

    (found,) = told(track, subscribed("jobs", 7, recovered=True))

    assert found.id == "e1;jobs=7"


def test_a_fresh_snapshot_counts_when_it_is_whole() -> None:
    """Until then who returns gets what it has missed since its old position."""
    track = following("jobs")

    found = told(
        track, lag("snapshot"), subscribed("jobs", 90), heartbeat(jobs=10),
        page("jobs", more=True), page("jobs", more=False), lag("lossless"), subscribed("jobs", 95),
    )  # fmt: skip

    assert [each.id for each in found] == [f"e1;jobs={n}" for n in (10, 10, 10, 10, 90, 90, 95)]


@pytest.mark.parametrize("count", [1, MAX_PLACES + 3], ids=["one place", "many places"])
def test_streams_at_one_place_share_one_text(count: int) -> None:
    """Printed once for all of them, and each moves on as if it were alone."""
    press, batch = Press(), Batch([event("jobs", 11), event("jobs", 12)])
    tracks = [following("jobs") for _ in range(3)]
    others = [following(*(f"c{n}" for n in range(n)), "jobs") for n in range(1, count)]

    texts = [press.print(batch, track) for track in (*tracks, *others)]

    assert texts[0] is texts[1] is texts[2]
    assert [track.place for track in tracks] == ["e1;jobs=12"] * 3
    for text, track in zip(texts[3:], others, strict=True):
        assert events(text)[-1].id == track.place
        assert track.place.endswith(";jobs=12")


def test_events_of_a_volatile_channel_are_printed_once_too() -> None:
    """They move nobody, at any rate."""
    press, moved = Press(), Event("moves", 0, "id-1", "moved", 1, "me", b"{}", "a", volatile=True)
    batch, tracks = Batch([Entry(moved, 7).frame]), [following("moves") for _ in range(2)]

    texts = [press.print(batch, track) for track in tracks]

    assert texts[0] is texts[1]
    assert [track.place for track in tracks] == ["e1;moves=10"] * 2


def test_streams_that_have_not_all_begun_share_nothing_with_those_that_have() -> None:
    """The same offsets mean an id for the one and none for the other."""
    press, batch = Press(), Batch([event("jobs", 11)])
    half = Track("e1", ["jobs", "orders"], None, snapshot=False)
    told(half, subscribed("jobs", 10))

    whole, partly = press.print(batch, following("jobs")), press.print(batch, half)

    assert [events(text)[0].id for text in (whole, partly)] == ["e1;jobs=11", ""]


def test_words_to_one_client_are_printed_for_it_alone() -> None:
    """The same batch twice moves two streams as each of them is moved."""
    press, batch = Press(), Batch([heartbeat(jobs=20)])
    some = [following("jobs"), following("jobs", "orders")]

    found = [events(press.print(batch, track))[0].id for track in some]

    assert found == ["e1;jobs=20", "e1;jobs=20;orders=10"]


def test_a_farewell_says_why_and_when() -> None:
    """The problem document as `error`, the time of this client, and no id."""
    text = farewell(Draining("stopping", retry_after_ms=1234))

    (found,) = events(text)
    assert text.startswith(b"retry: 1234\n")
    assert (found.type, found.id, found.json["code"]) == ("error", "", "draining")
    assert not farewell(SlowConsumer("too slow")).startswith(b"retry")
    assert events(farewell(SlowConsumer("too slow"), "e1;jobs=4"))[0].id == "e1;jobs=4"
    assert json.loads(found.data)["type"] == "/docs/errors/draining"
