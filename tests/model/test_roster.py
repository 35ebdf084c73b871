"""The roster: pages of all nodes, put together so that nobody is passed over."""

from collections.abc import Iterable, Sequence

import msgspec
from hypothesis import given, strategies as st

from hub.model.roster import MAX_BYTES, Entry, Part, Place, bounded, client_name, together


def entry(opened_us: int, client_id: str, client: str = "") -> Entry:
    """Return an entry at a place."""
    return Entry(opened_us, client_id, "anna", "json", client, "", 0, 0, 0, [])


def part(there: Iterable[Entry], limit: int, before: Place | None) -> Part:
    """Return the page of a node that has these."""
    rest = [one for one in there if before is None or one.place < before]
    newest = sorted(rest, key=lambda one: one.place, reverse=True)
    return Part(len([*there]), newest[:limit], more=len(rest) > limit)


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=3),
    st.integers(1, 5),
    st.data(),
)
def test_pages_bring_everybody_once_and_newest_first(
    nodes: Sequence[Sequence[int]], limit: int, data: st.DataObject
) -> None:
    """However the clients lie on the nodes, and however little a node tells at a time."""
    there = {
        f"n{node}": [entry(at, f"{node}-{number}") for number, at in enumerate(times)]
        for node, times in enumerate(nodes)
    }
    seen: list[Place] = []
    before: Place | None = None
    while True:
        # A node may tell fewer than it was asked for: its message was full.
        parts = {
            name: part(some, data.draw(st.integers(1, limit)), before)
            for name, some in there.items()
        }
        page = together(parts, limit)
        assert len(page.entries) <= limit
        seen += [one.place for _, one in page.entries]
        before = page.next
        if before is None:
            break

    everybody = [one.place for some in there.values() for one in some]
    assert seen == sorted(everybody, reverse=True)


def test_a_page_is_no_larger_than_a_message_may_be() -> None:
    """The rest is left for the next page; one that is too large by itself is told all the same."""
    large = [entry(at, f"c{at}", "x" * (MAX_BYTES // 3)) for at in range(5)]
    huge = entry(9, "c9", "x" * 2 * MAX_BYTES)

    assert bounded(large) == (large[:2], False)
    assert bounded(large[:2]) == (large[:2], True)
    assert bounded([huge, *large]) == ([huge], False)


def test_entries_are_read_as_they_were_written() -> None:
    """Nodes send them to each other."""
    told = Part(1, [entry(5, "c5")], more=False)

    heard = msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=Part)

    assert heard == told


def test_what_a_program_calls_itself_may_be_shown() -> None:
    """On a terminal, too: whoever connects chooses it, and pastes secrets."""
    named = client_name("curl/8\x1b[2J hub_0a1_s3cret" + "x" * 500)

    assert named.isprintable()
    assert named.startswith("curl/8\\x1b[2J hub_0a1_…")
    assert len(named) <= 200
