"""The stories that every SDK must tell alike: tests/vectors/listening.json."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from client.fakes import FakeClock
from hub_client import Snapshot
from hub_client.errors import HistoryGap
from hub_client.listening.backoff import reconnect_delay
from hub_client.listening.closing import closed
from hub_client.listening.feed import Feed
from hub_client.listening.outputs import Change, Deliver, Fail, Output, Send, Skipped, Slow
from hub_client.listening.wants import wants
from hub_client.position import Position
from hub_client.state import ListenState

Json = dict[str, Any]
VECTORS: Json = json.loads((Path(__file__).parent.parent / "vectors/listening.json").read_text())


def named(story: Json) -> str:
    """Return what a story is about."""
    return str(story["name"])


class Player:
    """Plays a story to a feed, and writes down what comes of each step."""

    def __init__(self, options: Json) -> None:
        given: Json = {
            "since": None, "history": None, "snapshot": False, "where": None, "on_gap": "raise"
        }  # fmt: skip
        conflate = options.get("conflate")
        if conflate is not None:
            rate = conflate.get("max_hz")
            conflate = conflate["key"] if rate is None else (conflate["key"], rate)
        asked = wants(("contracts",), **(given | options | {"conflate": conflate}))
        self.feed = Feed(asked, base="", clock=FakeClock())
        self.asked = ""

    def play(self, step: Json) -> Json:
        """Let it happen; return what the feed did, as a step has it."""
        if "open" in step:
            outputs = self.feed.opened()
        elif "hear" in step:
            frame = step["hear"]
            if frame.get("reply_to") == "$":
                frame = frame | {"reply_to": self.asked}
            outputs = self.feed.received(json.dumps(frame))
        elif "lose" in step:
            outputs = self.feed.lost(closed(step["lose"]["code"], step["lose"]["reason"]))
        else:
            outputs = self.feed.idle()
        return self._written(outputs)

    def _written(self, outputs: list[Output]) -> Json:
        done: dict[str, list[Json]] = {}
        said: Json = {}
        for output in outputs:
            match output:
                case Send(frame):
                    done.setdefault("sends", []).append(self._sent(json.loads(frame)))
                case Deliver(event):
                    entry: Json = {"offset": event.offset, "position": event.position}
                    items = {"items": event.items} if isinstance(event, Snapshot) else {}
                    done.setdefault("events", []).append(items | entry)
                case Skipped(HistoryGap() as gap) | Fail(HistoryGap() as gap):
                    done.setdefault("gaps", []).append(_gap(gap))
                case Slow(lag):
                    told = {"behind": lag.behind, "mode": lag.mode}
                    done.setdefault("lags", []).append(told)
                case Change(state):
                    word = {"state": str(state.state), "code": state.code, "reason": state.reason}
                    said = {"state": word}
                case _:
                    pass
        if self.feed.state.state is ListenState.DISCONNECTED:
            done.pop("sends", None)
        return done | said

    def _sent(self, command: Json) -> Json:
        if command["type"] == "subscribe":
            self.asked = command["id"]
        return {name: value for name, value in command.items() if name != "id"}


def _gap(gap: HistoryGap) -> Json:
    return {
        "from_offset": gap.from_offset,
        "to_offset": gap.to_offset,
        "reason": gap.reason,
        "position": gap.position,
    }


@pytest.mark.parametrize("story", VECTORS["listening"], ids=named)
def test_the_feed_tells_every_story(story: Json) -> None:
    """Frames and breaks in: the same events, gaps, states and commands out as of every SDK."""
    player = Player(story["options"])

    for number, step in enumerate(story["steps"]):
        expected = {k: v for k, v in step.items() if k not in {"open", "hear", "lose", "idle"}}
        assert player.play(step) == expected, f"step {number}: {step}"


@pytest.mark.parametrize(
    "case", VECTORS["closes"], ids=lambda case: f"{case['code']} {case['text']}"
)
def test_a_close_means_the_same_to_all(case: Json) -> None:
    """Whether to come back, by which word, and when."""
    loss = closed(case["code"], case["text"])

    wait = case["retry_after_ms"]
    assert (loss.final, loss.reason) == (case["final"], case["reason"])
    assert loss.retry_after_s == (None if wait is None else wait / 1000)


@pytest.mark.parametrize("case", VECTORS["backoff"], ids=str)
def test_everybody_waits_alike(case: Json) -> None:
    """Full jitter in the same bounds, and the hub's own time where it says one."""
    asked = case["asked_ms"]
    delay = reconnect_delay(
        case["attempt"], case["jitter"], None if asked is None else asked / 1000
    )

    assert delay * 1000 == pytest.approx(case["delay_ms"])


@pytest.mark.parametrize("case", VECTORS["positions"], ids=lambda case: case["text"])
def test_a_position_is_read_alike(case: Json) -> None:
    """What one SDK has stored, another one resumes; what is none is refused."""
    if case["stand"] is False:
        with pytest.raises(ValueError, match="expected"):
            Position.parse(case["text"], (case["channel"],))
        return

    stands = Position.parse(case["text"], (case["channel"],)).stands

    found = stands.get(case["channel"])
    assert (found and msgspec.to_builtins(found)) == case["stand"]
