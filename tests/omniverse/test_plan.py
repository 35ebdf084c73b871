"""From events to prims: names, changes, slots. No USD."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from examples.omniverse.kit import message
from examples.omniverse.names import prim_name
from examples.omniverse.places import UNKNOWN, centre, colour, corner
from examples.omniverse.plan import Changes, Prim, World
from hub_client import ContractUpdate, Event, Snapshot
from support.contract_events import NOON, contract, snapshot, update

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["c-1", "c.1", "c 1", "1", "ü"]),
        st.sampled_from(["Chennai", "Mumbai", "Pune"]),
        st.sampled_from(["active", "inactive"]),
        st.sampled_from(["contract_update", "contract_stale", "test", "snapshot", "frame"]),
    ),
    max_size=40,
)


def word_of(name: str) -> str:
    """Read a prim's name back."""
    plain = re.sub(
        rb"_([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), name.encode()
    )
    return plain.decode()


@given(WORDS)
def test_a_name_can_be_read_back(word: str) -> None:
    """So no two ids share a prim; and USD of any version takes the name."""
    assert IDENTIFIER.fullmatch(prim_name(word))
    assert word_of(prim_name(word)) == word


@pytest.mark.parametrize(
    ("word", "name"),
    [
        pytest.param("Mumbai", "Mumbai", id="letters stay"),
        pytest.param("c-1", "c_2d1", id="a sign is spelled"),
        pytest.param("c_2d1", "c_5f2d1", id="what looks like a spelling is spelled"),
        pytest.param("550e", "_3550e", id="a digit in front is spelled"),
        pytest.param("/../x", "_2f_2e_2e_2fx", id="no path leads out"),
        pytest.param("ü", "_c3_bc", id="other letters are bytes"),
    ],
)
def test_a_name_says_what_it_is(word: str, name: str) -> None:
    """Names stay readable where they can."""
    assert prim_name(word) == name


def test_many_updates_of_a_contract_are_one_change() -> None:
    """A frame costs what has changed, not what has happened."""
    world = World()

    first = world.take([update(1, "a"), update(2, "a", status="inactive"), update(3, "b")])
    again = world.take([update(4, "a"), update(5, "a", status="inactive")])

    assert [(prim.path, prim.contract.status) for prim in first.placed] == [
        ("/World/Contracts/Mumbai/a", "inactive"),
        ("/World/Contracts/Mumbai/b", "active"),
    ]
    assert again == Changes(position="e:5")


def test_a_contract_that_moves_leaves_its_city() -> None:
    """One contract is one prim, wherever it goes."""
    world = World()
    world.take([update(1, "a")])

    changes = world.take([update(2, "a", "Chennai")])

    assert changes.removed == ("/World/Contracts/Mumbai/a",)
    assert [prim.path for prim in changes.placed] == ["/World/Contracts/Chennai/a"]


def test_stale_updates_and_tests_change_nothing() -> None:
    """But what was seen need not be seen again."""
    world = World()
    stale = update(1, "a", type_="contract_stale")
    test = update(2, "a", test=True)

    assert world.take([stale, test]) == Changes(position="e:2")
    assert not list(world)


def test_a_snapshot_is_everything_there_is() -> None:
    """What it leaves out goes, and what came before it does not matter."""
    world = World()
    world.take([update(1, "a"), update(2, "b")])

    changes = world.take([update(3, "c"), snapshot(9, contract("b", status="inactive"))])

    assert changes.removed == ("/World/Contracts/Mumbai/a",)
    assert [prim.path for prim in changes.placed] == ["/World/Contracts/Mumbai/b"]
    assert changes.position == "e:9"


def test_a_new_contract_takes_the_lowest_free_slot() -> None:
    """Also in a stage that was saved with gaps; nobody else moves."""
    world = World(
        Prim(ContractUpdate(name, "Mumbai", "active", NOON), slot) for name, slot in SAVED
    )

    changes = world.take([update(1, "new"), update(2, "newer"), update(3, "b", "Chennai")])
    later = world.take([update(4, "newest"), update(5, "b", "Mumbai")])

    assert [(prim.contract.contract_id, prim.slot) for prim in changes.placed] == [
        ("new", 0),
        ("newer", 2),
        ("b", 0),
    ]
    assert [(prim.contract.contract_id, prim.slot) for prim in later.placed] == [
        ("newest", 3),
        ("b", 5),
    ]


SAVED = (("b", 3), ("a", 1), ("c", 4))


def replayed(steps: list[tuple[str, str, str, str]]) -> Iterator[list[Event]]:
    """Return the events of each frame."""
    frame: list[Event] = []
    state: dict[str, dict[str, Any]] = {}
    for number, (name, location, status, kind) in enumerate(steps, 1):
        if kind == "frame":
            yield frame
            frame = []
        elif kind == "snapshot":
            frame.append(snapshot(number, *state.values()))
        else:
            applied = kind == "contract_update"
            type_ = "contract_update" if kind == "test" else kind
            frame.append(update(number, name, location, status, type_=type_, test=kind == "test"))
            if applied:
                state[name] = frame[-1].data
    yield frame


@given(STEPS)
def test_changes_lead_to_the_state(steps: list[tuple[str, str, str, str]]) -> None:
    """However the events are cut into frames; no path and no slot is ever held by two."""
    world, stage, state = World(), dict[str, Prim](), dict[str, dict[str, Any]]()

    for events in replayed(steps):
        changes = world.take(events)
        for path in changes.removed:
            del stage[path]
        for prim in changes.placed:
            stage[prim.path] = prim
        for event in events:
            if isinstance(event, Snapshot):
                state = {str(item["contract_id"]): item for item in event.items}
            elif event.type == "contract_update" and not event.test:
                state[event.data["contract_id"]] = event.data
        shown = {prim.contract.contract_id: prim for prim in stage.values()}
        assert {name: prim.contract for name, prim in shown.items()} == {
            name: ContractUpdate(**data) for name, data in state.items()
        }
        assert len(shown) == len(stage)
        assert len({(prim.city, prim.slot) for prim in stage.values()}) == len(stage)
        assert set(world) == set(stage.values())


def test_every_place_and_status_has_its_look() -> None:
    """Statuses look different; contracts of one city do not stand in each other."""
    looks = {colour("active"), colour("inactive"), colour("paused")}

    assert len(looks) == 3
    assert UNKNOWN in looks
    assert len({corner(slot) for slot in range(2_000)}) == 2_000
    assert len({centre(city) for city in ("Chennai", "Mumbai", "Bengaluru", "Hyderabad")}) == 4
    assert centre("Pune") == centre("Pune")


def test_a_message_of_kit_is_type_and_payload() -> None:
    """To the letter of `{event_type, payload}`; no null, which a Kit dictionary cannot hold."""
    said = message(update(7, "c-1"))
    job = Event(type="job_update", channel="jobs", data={"job_id": "j", "progress": None, "x": [1]})

    assert said == {
        "event_type": "contract_update",
        "payload": {
            **contract("c-1"),
            "hub": {
                "channel": "contracts",
                "offset": 7,
                "id": "id-7",
                "timestamp": NOON,
                "position": "e:7",
            },
            "prim": "/World/Contracts/Mumbai/c_2d1",
        },
    }
    assert message(job) == {
        "event_type": "job_update",
        "payload": {"job_id": "j", "x": [1], "hub": {"channel": "jobs"}},
    }
    assert message(snapshot(3, contract("a")))["payload"]["items"] == [contract("a")]
