"""`hub trace` shows what became of an event."""

import json
from typing import Any

import pytest
from rich.console import Console

from hub.cli.timeline import timeline
from support.commands import invoke
from support.running import HubProcess

AT = "2026-11-21T01:22:36.000000Z"
EVENT: dict[str, Any] = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8059",
    "channel": "contracts",
    "epoch": "9f2c4e1a",
    "offset": 24,
    "type": "contract_update",
    "owner": "anna",
    "timestamp": AT,
    "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "accepted_by": "a",
    "accepted_at": AT,
    "committed_at": "2026-11-21T01:22:36.000412Z",
    "announced_at": "2026-11-21T01:22:36.000490Z",
    "nodes": [
        {
            "node": "a",
            "received_at": None,
            "delivered_at": "2026-11-21T01:22:36.001100Z",
            "clients": 12,
        },
        {
            "node": "b",
            "received_at": "2026-11-21T01:22:36.000700Z",
            "delivered_at": "2026-11-21T01:22:37.500000Z",
            "clients": 1,
        },
    ],
    "incomplete": [],
    "webhooks": [],
}


def shown(**changed: Any) -> list[list[str]]:
    """Return the words of each line."""
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(timeline(EVENT | changed))
    return [line.split() for line in capture.get().splitlines()]


def test_what_webhooks_answered_is_told() -> None:
    """Each attempt where it belongs in time, and at the end what was not delivered."""
    tries = [
        {"at": AT.replace(".000", ".100"), "number": 1, "worker": "a", "status": None,
         "failure": "timeout", "duration_ms": 15000.0},
        {"at": AT.replace(":36.", ":41."), "number": 2, "worker": "a", "status": 200,
         "failure": None, "duration_ms": 12.34},
    ]  # fmt: skip
    webhooks = [
        {"webhook_id": "ep_1", "delivery_id": "dl_1", "state": "delivered", "reason": None,
         "attempts": tries},
        {"webhook_id": "ep_2", "delivery_id": "dl_2", "state": "dead", "reason": "exhausted",
         "attempts": []},
    ]  # fmt: skip

    lines = shown(webhooks=webhooks)

    said = [" ".join(line) for line in lines]
    assert any(line.endswith("no answer webhook ep_1 try 1, 15000.0 ms, timeout") for line in said)
    assert any(line.endswith("answered 200 webhook ep_1 try 2, 12.3 ms") for line in said)
    assert lines[-1] == ["dead", "webhook", "ep_2", "exhausted"]


def test_steps_stand_in_the_order_of_their_times() -> None:
    """Each with what has passed since the first, and where it was."""
    lines = shown()

    assert lines[0] == ["contracts", "#24", "contract_update", EVENT["id"]]
    assert lines[3] == ["trace", EVENT["trace"]]
    assert [line[-len(said) :] for line, said in zip(lines[5:], STEPS, strict=True)] == STEPS


STEPS = [
    ["accepted", "node", "a"],
    ["+0.4", "ms", "committed", "node", "a", "on", "disk"],
    ["+0.5", "ms", "announced", "node", "a"],
    ["+0.7", "ms", "received", "node", "b"],
    ["+1.1", "ms", "delivered", "node", "a", "12", "clients"],
    ["+1.50", "s", "delivered", "node", "b", "1", "client"],
]


def node(**changed: Any) -> dict[str, Any]:
    """Return a node that has nothing to tell."""
    return {"node": "c", "received_at": None, "delivered_at": None, "clients": 0, **changed}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param(
            {"nodes": [node()]},
            "no clients node c nobody followed the channel live",
            id="nobody listened",
        ),
        pytest.param(
            {"nodes": [node(clients=None)]},
            "forgotten node c whom it reached is not known there",
            id="the node has forgotten",
        ),
        pytest.param({"incomplete": ["d"]}, "no answer node d", id="a node is silent"),
        pytest.param(
            {"incomplete": ["?"]}, "unknown other nodes the broker is away", id="no broker"
        ),
        pytest.param(
            {"incomplete": ["\x1b[31mred"]}, "no answer node �[31mred", id="an escape code"
        ),
    ],
)
def test_what_is_not_known_is_said(changed: dict[str, Any], said: str) -> None:
    """Behind what is known, and never as if it had not happened."""
    assert " ".join(shown(**changed)[-1]) == said


def test_what_the_taker_has_forgotten_is_left_to_the_log() -> None:
    """The time of the commit is in the event itself."""
    gone = dict.fromkeys(("accepted_by", "accepted_at", "committed_at", "announced_at"))

    line = shown(**gone, nodes=[])[-1]

    assert line[1:] == ["committed", "the", "node", "that", "took", "it", "has", "forgotten", "it"]


def test_an_event_without_a_trace_has_no_such_line() -> None:
    """Nothing is said of what is not there."""
    assert "trace" not in [word for line in shown(trace=None) for word in line]


def test_a_published_event_can_be_traced(served: HubProcess) -> None:
    """By the id that the receipt names."""
    fields = ("--id", "t-1", "--location", "Mumbai", "--status", "active")
    made = json.loads(invoke("publish", "contract", *fields, "-o", "json", HUB_URL=served.url).out)

    people = invoke("trace", made["id"], HUB_URL=served.url)
    programs = invoke("trace", made["id"], "-o", "json", HUB_URL=served.url)

    assert (people.code, programs.code) == (0, 0)
    assert made["id"] in people.out
    assert json.loads(programs.out)["offset"] == made["offset"]


def test_an_event_that_is_not_there_is_a_refusal(served: HubProcess) -> None:
    """Exit code 4, and one line."""
    finished = invoke("trace", "nothing", HUB_URL=served.url)

    assert (finished.code, finished.err.count("\n")) == (4, 1)
    assert "event_not_found" in finished.err
