"""The core of a listener: frames in, what to do out."""

import json
from typing import Any

import pytest

from client.fakes import FakeClock, contract
from hub_client import (
    AuthenticationFailed,
    HistoryGap,
    HubError,
    Lag,
    RequestRefused,
    SerializationError,
    Snapshot,
)
from hub_client.event import Event
from hub_client.listening.closing import broken, closed
from hub_client.listening.feed import Feed
from hub_client.listening.outputs import (
    Change,
    Deliver,
    Fail,
    Output,
    Reconnect,
    Send,
    Skipped,
    Slow,
)
from hub_client.listening.wants import wants

Json = dict[str, Any]


class Script:
    """Plays the hub to one feed, and sorts what comes out."""

    def __init__(self, *channels: str, **options: Any) -> None:
        given: Json = {
            "since": None,
            "history": None,
            "snapshot": False,
            "where": None,
            "conflate": None,
            "on_gap": "raise",
        }
        self.clock = FakeClock()
        self.feed = Feed(
            wants(channels or ("contracts",), **(given | options)),
            base="http://h",
            clock=self.clock,
        )
        self.outputs: list[Output] = []

    def open(self) -> list[Json]:
        """Connect; return the commands."""
        return self.sent(self.take(self.feed.opened()))

    def hear(self, **frame: object) -> list[Output]:
        """Let the feed hear a frame."""
        return self.take(self.feed.received(json.dumps(frame)))

    def take(self, outputs: list[Output]) -> list[Output]:
        """Write outputs down."""
        self.outputs += outputs
        return outputs

    def sent(self, outputs: list[Output]) -> list[Json]:
        """Return the commands among outputs."""
        return [json.loads(output.frame) for output in outputs if isinstance(output, Send)]

    def acknowledge(self, command: Json, offset: int = 0, **other: object) -> list[Output]:
        """Answer a subscribe."""
        recovered = True if "since" in command else None
        reply: Json = {
            "type": "subscribed",
            "reply_to": command["id"],
            "channel": command["channel"],
            "epoch": "e",
            "offset": offset,
            "head": offset,
            "recovered": recovered,
            "reason": None,
        }
        return self.hear(**(reply | other))

    def event(self, offset: int, channel: str = "contracts", **other: object) -> list[Output]:
        """Push an event."""
        frame: Json = {
            "type": "contract_update",
            "channel": channel,
            "offset": offset,
            "id": f"{channel}-{offset}",
            "timestamp": "2024-01-01T12:00:00Z",
            "data": contract(offset),
        }
        return self.hear(**(frame | other))

    @property
    def events(self) -> list[Event]:
        """What came out."""
        return [output.event for output in self.outputs if isinstance(output, Deliver)]

    @property
    def offsets(self) -> list[int | None]:
        """Offsets of what came out."""
        return [event.offset for event in self.events]

    @property
    def states(self) -> list[tuple[str, int | None, str]]:
        """States that were said: word, code, reason."""
        changes = [output.state for output in self.outputs if isinstance(output, Change)]
        return [(str(state.state), state.code, state.reason) for state in changes]

    @property
    def error(self) -> HubError:
        """The one error."""
        (error,) = [output.error for output in self.outputs if isinstance(output, Fail)]
        return error

    @property
    def gaps(self) -> list[HistoryGap]:
        """Gaps that were passed over."""
        return [output.gap for output in self.outputs if isinstance(output, Skipped)]


def live(*channels: str, offset: int = 0, **options: Any) -> Script:
    """Return a feed whose channels are all subscribed."""
    script = Script(*channels, **options)
    for command in script.open():
        script.acknowledge(command, offset)
    return script


def renew(script: Script, offset: int) -> None:
    """Begin a snapshot as the hub does after a lag."""
    script.hear(type="lag", channel="contracts", behind=80, mode="snapshot")
    begun = {"type": "subscribed", "channel": "contracts", "epoch": "e", "offset": offset}
    script.hear(**begun, head=offset, recovered=False, reason=None)


def test_a_channel_is_subscribed_to_and_then_connected() -> None:
    """Connected means that the hub has acknowledged every channel."""
    script = Script("contracts", "jobs")
    script.take(script.feed.connecting())

    first, second = script.open()
    assert script.states == [("connecting", None, "")]
    script.acknowledge(first)
    assert len(script.states) == 1
    script.acknowledge(second)

    assert script.states[1:] == [("connected", None, "")]
    assert first == {"type": "subscribe", "id": "s1", "channel": "contracts"}


def test_what_was_asked_for_is_in_the_command() -> None:
    """History, snapshot, filter and position go to the hub as they were given."""
    (history,) = Script(history=50, where={"location": ["Chennai"]}).open()
    (snapshot,) = Script(snapshot=True).open()
    (since,) = Script(since="e:12", history=50, snapshot=False).open()
    (both,) = Script(since="e:1", where={"a": 1, "b": {True}}, conflate=("job_id", 5)).open()
    (thinned,) = Script(conflate="job_id").open()

    assert (history["history"], history["where"]) == (50, {"location": ["Chennai"]})
    assert snapshot["snapshot"] is True
    assert since["since"] == {"epoch": "e", "offset": 12}
    assert "history" not in since
    assert both["since"] == {"epoch": "e", "offset": 1}
    assert both["where"] == {"a": 1, "b": [True]}
    assert both["conflate"] == {"key": "job_id", "max_hz": 5}
    assert thinned["conflate"] == {"key": "job_id"}
    assert "where" not in thinned


def test_events_come_out_once_and_in_order() -> None:
    """What was seen already is dropped."""
    script = live(offset=3)

    for offset in (2, 3, 4, 4, 5, 1):
        script.event(offset)

    assert script.offsets == [4, 5]
    assert [event.position for event in script.events] == ["e:4", "e:5"]


def test_an_event_has_a_type_of_its_own() -> None:
    """Known types read as structs, whatever else they carry; others stay generic."""
    script = live("contracts", "jobs", "tasks", "room")
    script.event(1, type="contract_stale")
    job = {"job_id": "j", "status": "RUNNING", "progress": {"percentage": 4}, "new": 1}
    script.event(1, "jobs", type="job_update", data=job, trace="00-1")
    script.hear(
        type="task_update", channel="tasks", offset=1, id="t", task_id="t1", status="running",
        progress=0.5,
    )  # fmt: skip
    script.event(1, "room", type="moved", data=[1, 2])
    stale, update, task, moved = script.events

    assert stale.contract is not None
    assert (stale.contract.location, stale.job, stale.task) == ("Mumbai", None, None)
    assert update.job is not None
    assert (update.job.progress, update.contract, update.trace) == ({"percentage": 4}, None, "00-1")
    assert task.task is not None
    assert (task.task.task_id, task.task.progress) == ("t1", 0.5)
    assert moved.data == {"data": [1, 2]}
    with pytest.raises(SerializationError, match="moved room-1"):
        moved.decode(int)


def test_a_test_push_has_no_offset_and_moves_nothing() -> None:
    """A test push comes out under the position before it."""
    script = live(offset=3)

    script.hear(type="contract_update", channel="contracts", id="t", test=True, data=contract())

    (event,) = script.events
    assert (event.test, event.offset, event.position) == (True, None, "e:3")


def test_a_reconnect_resumes_after_the_last_event() -> None:
    """The hub is asked for what follows what came out, and nothing comes twice."""
    script = live()
    script.event(1)

    script.take(script.feed.lost(broken("network_error", "reset")))
    (command,) = script.open()
    script.acknowledge(command, 1)
    script.event(2)

    assert command["since"] == {"epoch": "e", "offset": 1}
    assert script.offsets == [1, 2]
    assert script.states[1:] == [("connecting", 1006, "network_error"), ("connected", None, "")]


def test_a_drop_before_the_first_event_is_resumed_too() -> None:
    """The acknowledged offset counts as seen."""
    script = live(offset=7)

    script.take(script.feed.lost(broken("network_error")))

    assert script.open()[0]["since"] == {"epoch": "e", "offset": 7}


def test_waits_grow_until_connected() -> None:
    """Every loss backs off further; being connected starts over; the hub's wait wins, and more."""
    script = live()
    waits = []
    script.clock.chance = 0.5

    for loss in (broken("x"), broken("x"), closed(4412, '{"retry_after_ms":3000}')):
        waits += [o.delay_s for o in script.feed.lost(loss) if isinstance(o, Reconnect)]
    script.acknowledge(script.open()[0])
    waits += [o.delay_s for o in script.feed.lost(broken("x")) if isinstance(o, Reconnect)]

    assert waits == [0.75, 1.0, 3.375, 0.75]
    assert script.feed.state.retry_in_s == 0.75
    assert script.feed.state.help == "http://h/docs/errors/x"


def test_a_silent_hub_is_a_dead_one() -> None:
    """The welcome says how long silence may last; then the connection is given up."""
    script = live()
    script.hear(type="welcome", protocol=1, heartbeat_s=5)

    assert script.feed.idle_after_s == 15
    assert any(isinstance(output, Reconnect) for output in script.take(script.feed.idle()))
    assert script.states[-1] == ("connecting", 1006, "heartbeat_timeout")


def test_a_final_close_is_the_end() -> None:
    """4500-4999 raise, and nothing that comes later changes it."""
    script = live()

    script.take(script.feed.lost(closed(4501, '{"message":"who?"}')))

    assert isinstance(script.error, AuthenticationFailed)
    assert script.states[-1] == ("disconnected", 4501, "unauthenticated")
    assert script.feed.ended
    assert script.feed.lost(broken("x")) == script.event(1) == script.feed.closed() == []


def test_closing_says_so() -> None:
    """The caller's own close is a state as well."""
    script = live()

    script.take(script.feed.closed())

    assert script.states[-1] == ("disconnected", 1000, "closed")


def test_a_hole_is_asked_for_before_it_is_said() -> None:
    """An early event drops the subscription and resumes from the last one seen."""
    script = live()
    script.event(1)

    leave, again = script.sent(script.event(3))
    script.event(4)
    script.acknowledge(again, 1)
    for offset in (2, 3, 4):
        script.event(offset)

    assert leave == {"type": "unsubscribe", "channel": "contracts"}
    assert again["since"] == {"epoch": "e", "offset": 1}
    assert script.offsets == [1, 2, 3, 4]


def test_under_a_filter_prev_tells_a_hole_from_a_jump() -> None:
    """Offsets jump under a filter; only a `prev` beyond what was seen is a hole."""
    script = live(where={"location": ["Mumbai"]})

    script.event(5, prev=0)
    script.event(9, prev=5)
    sent = script.sent(script.event(20, prev=15))

    assert script.offsets == [5, 9]
    assert sent[1]["since"]["offset"] == 9


@pytest.mark.parametrize(
    "view", [{"where": {"location": ["Mumbai"]}}, {"conflate": "contract_id"}], ids=["some", "thin"]
)
def test_a_heartbeat_moves_the_position_of_a_view(view: Json) -> None:
    """What does not come need not be asked for again."""
    script = live(**view)
    script.event(5, prev=0)

    script.hear(type="heartbeat", epoch="e", positions={"contracts": 30, "other": 2})
    script.hear(type="heartbeat", epoch="e", positions={"contracts": 4})
    script.event(31, prev=28)

    assert script.offsets == [5, 31]
    assert script.feed.position == "e:31"


def test_a_heartbeat_moves_no_unfiltered_position() -> None:
    """Without a filter only an event is progress, or a lost one would go unnoticed."""
    script = live()

    script.hear(type="heartbeat", epoch="e", positions={"contracts": 30})

    assert script.feed.position == "e:0"


def test_a_said_gap_under_a_filter_begins_where_it_says() -> None:
    """What did not pass the filter before it is not gone."""
    script = live(where={"location": ["Mumbai"]}, on_gap="skip")
    script.event(5, prev=0)

    script.hear(**{"type": "gap", "channel": "contracts", "epoch": "e", "from": 9, "to": 12})
    script.event(20, prev=12)

    (gap,) = script.gaps
    assert (gap.from_offset, gap.to_offset) == (8, 12)
    assert script.offsets == [5, 20]


def test_a_snapshot_that_nobody_asked_for_comes_out() -> None:
    """The hub sends one to whom it thins, when too much was missed; then it goes on behind it."""
    script = live(conflate="contract_id")
    script.event(5, prev=0)

    renew(script, 90)
    script.hear(type="snapshot", channel="contracts", items=[{"n": 1}], more=True)
    script.hear(type="snapshot", channel="contracts", items=[{"n": 2}], more=False)
    script.event(93, prev=90)

    assert script.offsets == [5, 90, 93]
    snapshot = script.events[1]
    assert isinstance(snapshot, Snapshot)
    assert snapshot.items == [{"n": 1}, {"n": 2}]
    assert snapshot.position == "e:90"
    assert script.sent(script.outputs)[1:] == []


def test_a_snapshot_that_breaks_off_is_asked_for_again() -> None:
    """Half of it says nothing; what was missed is too much to be replayed."""
    script = live(conflate="contract_id")
    renew(script, 90)
    script.hear(type="snapshot", channel="contracts", items=[{"n": 1}], more=True)

    script.take(script.feed.lost(broken("network_error")))
    (again,) = script.open()
    script.acknowledge(again, 95)
    script.hear(type="snapshot", channel="contracts", items=[{"n": 3}], more=False)

    assert again["snapshot"] is True
    assert script.offsets == [95]
    assert script.feed.position == "e:95"


def test_a_snapshot_that_is_refused_behind_its_first_page_is_tried_again() -> None:
    """The log may fail, or the listener take too long over it; nothing more would come."""
    script = Script(snapshot=True)
    (command,) = script.open()
    script.acknowledge(command, 4)
    script.hear(type="snapshot", channel="contracts", items=[{"n": 1}], more=True)

    details = {"code": "log_unavailable", "message": "closed", "retry_after_ms": 1000}
    script.hear(type="error", reply_to=command["id"], error="", details=details)
    (again,) = script.open()

    assert script.states[-1] == ("connecting", None, "log_unavailable")
    assert again["snapshot"] is True


def test_a_snapshot_of_an_earlier_subscribe_is_passed_over() -> None:
    """What was asked for since then says better where it goes on."""
    script = live(conflate="contract_id")
    (_, again) = script.sent(script.event(9, prev=8))

    renew(script, 90)
    script.hear(type="snapshot", channel="contracts", items=[], more=False)
    script.acknowledge(again, 0)
    script.event(9, prev=0)

    assert script.offsets == [9]


def test_a_hole_that_stays_is_a_gap() -> None:
    """Asked twice for the same events, the hub has none: that is said, not tried for ever."""
    script = live()
    (_, again) = script.sent(script.event(3))
    script.acknowledge(again, 0)
    script.event(3)

    assert isinstance(script.error, HistoryGap)
    assert (script.error.from_offset, script.error.to_offset) == (0, 2)
    assert (script.error.reason, script.error.position) == ("missing", "e:2")


def test_a_hole_that_stays_can_be_skipped() -> None:
    """Then the event behind it comes out."""
    script = live(on_gap="skip")
    (_, again) = script.sent(script.event(3))
    script.acknowledge(again, 0)
    script.event(3)

    assert [gap.to_offset for gap in script.gaps] == [2]
    assert script.offsets == [3]


def test_lost_history_is_raised() -> None:
    """What is gone is an error by default, with the position behind it."""
    script = Script(since="e:3")

    script.acknowledge(script.open()[0], 40, recovered=False, reason="expired")

    gap = script.error
    assert isinstance(gap, HistoryGap)
    assert (gap.channel, gap.from_offset, gap.to_offset) == ("contracts", 3, 40)
    assert (gap.reason, gap.position) == ("expired", "e:40")
    assert gap.help == "http://h/docs/errors/history_gap"
    assert script.states[-1] == ("disconnected", None, "history_gap")


def test_lost_history_can_be_reloaded() -> None:
    """Then a snapshot comes out and what follows it; until then the old position stands."""
    script = Script(since="e:3", on_gap="snapshot")

    _, reload = script.sent(
        script.acknowledge(script.open()[0], 40, recovered=False, reason="expired")
    )
    script.acknowledge(reload, 41)
    script.hear(type="snapshot", channel="contracts", items=[contract(1)], more=True)
    assert (script.events, script.feed.position) == ([], "e:3")
    script.hear(type="snapshot", channel="contracts", items=[contract(2)], more=False)
    script.event(42)

    snapshot, event = script.events
    assert reload["snapshot"] is True
    assert isinstance(snapshot, Snapshot)
    assert [item["contract_id"] for item in snapshot.items] == ["c-1", "c-2"]
    assert (snapshot.position, event.position) == ("e:41", "e:42")
    assert script.states == [("connected", None, "")]


def test_a_snapshot_cut_short_is_asked_for_again() -> None:
    """Half a snapshot is none."""
    script = Script(snapshot=True)
    script.acknowledge(script.open()[0], 5)
    script.hear(type="snapshot", channel="contracts", items=[contract(1)], more=True)

    script.take(script.feed.lost(broken("network_error")))
    (command,) = script.open()
    script.acknowledge(command, 6)
    script.hear(type="snapshot", channel="contracts", items=[contract(2)])

    (snapshot,) = script.events
    assert isinstance(snapshot, Snapshot)
    assert [item["contract_id"] for item in snapshot.items] == ["c-2"]
    assert command["snapshot"] is True


def test_lost_history_can_be_skipped() -> None:
    """Then what follows comes out, and the gap is remembered."""
    script = Script(since="e:3", on_gap="skip")

    script.acknowledge(script.open()[0], 40, recovered=False, reason=None)
    script.event(41)

    assert [(gap.from_offset, gap.to_offset) for gap in script.gaps] == [(3, 40)]
    assert script.offsets == [41]


def test_a_volatile_channel_goes_on_after_a_reconnect() -> None:
    """It promised nothing of what was, so nothing is lost; its events have no offset."""
    script = Script(history=5)
    script.acknowledge(script.open()[0], 0, recovered=False, reason="volatile")
    script.take(script.feed.lost(broken("network_error")))

    (command,) = script.open()
    script.acknowledge(command, 0, recovered=False, reason="volatile")
    script.hear(type="moved", channel="contracts", id="x", data={"at": 1})

    assert command["since"] == {"epoch": "e", "offset": 0}
    assert script.gaps == []
    assert [event.data for event in script.events] == [{"at": 1}]
    assert script.states[-1][0] == "connected"


def test_the_state_of_a_volatile_channel_is_asked_for_at_every_connection() -> None:
    """Who wanted it once has an old one after a reconnect."""
    script = Script(snapshot=True)
    script.acknowledge(script.open()[0], 0)
    script.hear(type="snapshot", channel="contracts", items=[contract(1)], more=False)
    script.take(script.feed.lost(broken("network_error")))

    (command,) = script.open()
    refused = script.acknowledge(command, 0, recovered=False, reason="volatile")
    (_, again) = script.sent(refused)
    script.acknowledge(again, 0)
    script.hear(type="snapshot", channel="contracts", items=[contract(2)], more=False)

    assert again["snapshot"] is True
    assert [type(event) for event in script.events] == [Snapshot, Snapshot]
    assert script.states[-1][0] == "connected"


def test_a_gap_in_band_is_a_gap() -> None:
    """The hub may say it on an open connection; an old one says nothing new."""
    script = live(offset=5, on_gap="skip")
    hole = {"type": "gap", "channel": "contracts", "epoch": "e", "reason": "expired"}

    script.hear(**hole, **{"from": 1, "to": 4})
    script.hear(**hole, **{"from": 5, "to": 9})
    script.event(10)

    assert [(gap.from_offset, gap.to_offset) for gap in script.gaps] == [(5, 9)]
    assert script.offsets == [10]


def test_another_epoch_in_a_heartbeat_is_asked_about() -> None:
    """The log was replaced under an open connection: the hub says what that means."""
    script = live("contracts", "jobs", offset=5)

    sent = script.sent(
        script.hear(type="heartbeat", epoch="new", positions={"contracts": 1, "jobs": 1})
    )
    script.acknowledge(sent[1], 1, epoch="new", recovered=False, reason="epoch_changed")

    gap = script.error
    assert isinstance(gap, HistoryGap)
    assert gap.reason == "epoch_changed"
    assert gap.position == "new;contracts=1"


def test_a_position_names_every_channel_from_the_first_event() -> None:
    """Events wait for the last acknowledgement, or their position would leave a channel out."""
    script = Script("contracts", "jobs", history=2)
    first, second = script.open()

    script.acknowledge(first, 3)
    script.event(4)
    assert script.events == []
    script.acknowledge(second, 8)
    script.event(9, "jobs")

    assert [event.position for event in script.events] == [
        "e;contracts=4;jobs=8",
        "e;contracts=4;jobs=9",
    ]


def test_channels_without_a_position_go_first() -> None:
    """A long replay of one channel does not have to wait in memory for the other's first word."""
    script = Script("contracts", "jobs", since="e;contracts=3")

    (jobs,) = script.open()
    (contracts,) = script.sent(script.acknowledge(jobs, 8))
    script.acknowledge(contracts, 3)
    script.event(4)

    assert (jobs["channel"], contracts["channel"]) == ("jobs", "contracts")
    assert script.events[0].position == "e;contracts=4;jobs=8"
    assert script.states == [("connected", None, "")]


def test_events_that_wait_survive_a_drop() -> None:
    """What arrived before the last channel answered comes out once, after the reconnect."""
    script = Script("contracts", "jobs")
    first, _ = script.open()
    script.acknowledge(first, 0)
    script.event(1)

    script.take(script.feed.lost(broken("network_error")))
    (jobs,) = script.open()
    (contracts,) = script.sent(script.acknowledge(jobs, 8))
    script.acknowledge(contracts, 1)
    script.event(2)

    assert contracts["since"] == {"epoch": "e", "offset": 1}
    assert script.offsets == [1, 2]


def test_lag_is_what_the_hub_has_and_the_caller_has_not() -> None:
    """Unknown at first, then the head less what came out; the hub may say it itself."""
    assert Script().feed.lag is None
    script = Script()

    script.acknowledge(script.open()[0], 3, head=10)
    assert script.feed.lag == 7
    script.event(4)
    assert script.feed.lag == 6
    said = script.hear(type="lag", channel="contracts", behind=50, mode="lossless")
    assert script.feed.lag == 50
    assert said == [Slow(Lag("contracts", 50, "lossless"))]
    assert script.hear(type="lag", channel="elsewhere", behind=50, mode="lossless") == []


def test_a_refused_subscribe_is_the_end() -> None:
    """The hub's word becomes the code."""
    script = Script()
    (command,) = script.open()

    script.hear(
        type="error", reply_to=command["id"], error="no such channel",
        details={"code": "unknown_channel", "help": "/docs/errors/unknown_channel"},
    )  # fmt: skip

    assert isinstance(script.error, RequestRefused)
    assert script.error.code == "unknown_channel"
    assert script.error.help == "http://h/docs/errors/unknown_channel"
    assert script.states[-1] == ("disconnected", None, "unknown_channel")


def test_a_forbidden_channel_is_an_authentication_failure() -> None:
    """As it is over HTTP."""
    script = Script()
    (command,) = script.open()

    script.hear(
        type="error", reply_to=command["id"], error="no",
        details={"code": "forbidden", "message": "not yours"},
    )  # fmt: skip

    assert isinstance(script.error, AuthenticationFailed)


def test_a_subscribe_refused_for_now_comes_back() -> None:
    """A wait the hub names is a wait, not an end."""
    script = Script()
    (command,) = script.open()

    outputs = script.hear(
        type="error", reply_to=command["id"], error="slow down",
        details={"code": "rate_limited", "retry_after_ms": 2000},
    )  # fmt: skip

    assert [o.delay_s for o in outputs if isinstance(o, Reconnect)] == [2.0]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "reply_to": "s99", "error": "to something else"},
        {"type": "unsubscribed", "channel": "contracts"},
        {"type": "pong"},
        {"type": "subscribed", "channel": "contracts", "epoch": "e", "offset": 1, "reply_to": "x"},
        {"type": "subscribed", "channel": "other", "epoch": "e", "offset": 1, "reply_to": "s1"},
        {"type": "snapshot", "channel": "contracts", "items": []},
        {"type": "snapshot", "channel": "other", "items": []},
        {"type": "gap", "channel": "other", "to": 4},
        {"type": "heartbeat", "timestamp": "…", "client_id": "…"},
        {"type": "from_tomorrow", "anything": [1]},
        {"type": "contract_update", "channel": "other", "id": "x", "offset": 1},
    ],
)
def test_what_does_not_concern_it_changes_nothing(frame: Json) -> None:
    """Unknown types, other channels and answers to other commands are passed over."""
    script = live()
    before = list(script.outputs)

    assert script.hear(**frame) == []
    assert script.outputs == before


def test_an_error_with_a_channel_is_an_event() -> None:
    """Only an `error` without `channel` is a reply."""
    script = live("tasks")

    script.hear(type="error", channel="tasks", offset=1, id="x", message="failed", code=7)

    assert script.events[0].data == {"message": "failed", "code": 7}


@pytest.mark.parametrize(
    "data",
    [b"nonsense", b"[]", b"\xff", b'{"type":["x"]}', b'{"type":"subscribed"}',
     b'{"type":"x","channel":1,"id":"x"}'],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_the_end(data: bytes) -> None:
    """It would come again, so there is no coming back."""
    script = live()

    script.take(script.feed.received(data))

    assert isinstance(script.error, SerializationError)
    assert script.states[-1] == ("disconnected", 1007, "invalid_data")


def test_arguments_that_contradict_each_other_are_refused() -> None:
    """Said before any connection is made; no channels means contracts and jobs."""
    with pytest.raises(ValueError, match="history or snapshot"):
        Script(history=1, snapshot=True)
    with pytest.raises(ValueError, match="expected on_gap"):
        Script(on_gap="panic")
    wheres: list[object] = [{}, [], {"a": []}, {"a": {"b": 1}}, {"a": [["b"]]}, "location=Mumbai"]
    for where in wheres:
        with pytest.raises(ValueError, match="expected where of the form"):
            Script(where=where)
    for conflate in ("", ("job_id",), ("job_id", 0), ("job_id", "5"), ("", 5), 5):
        with pytest.raises(ValueError, match="expected conflate of the form"):
            Script(conflate=conflate)
    default = wants(
        (), since="", history=None, snapshot=False, where=None, conflate=None, on_gap="raise"
    )  # fmt: skip
    assert default.channels == ("contracts", "jobs")
