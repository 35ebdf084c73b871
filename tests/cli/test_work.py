"""`hub work`: a process that only sends webhooks."""

import json
import signal
import socket
from pathlib import Path

import httpx

from support.commands import finish, invoke, start
from support.metrics import numbers


def test_its_numbers_can_be_read_on_this_machine(tmp_path: Path) -> None:
    """Those of webhooks, of its commits and of its alerts, as `hub serve` shows them."""
    database = f"sqlite:///{tmp_path}/hub.db"
    process = start("work", "--metrics-port", "0", "-o", "json", DATABASE_URL=database)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())

    answer = httpx.get(told["metrics"])
    process.send_signal(signal.SIGTERM)

    found = numbers(answer.text)
    assert answer.status_code == 200
    assert found["hub_workers"] == 1
    assert {"hub_webhook_made_total", "hub_webhook_lag_events"} <= set(found)
    assert finish(process).code == 0


def test_a_port_that_is_taken_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """Nothing is made."""
    database = f"sqlite:///{tmp_path}/hub.db"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        finished = invoke("work", "--metrics-port", port, DATABASE_URL=database)

    assert finished.code != 0
    assert port in finished.err
    assert not (tmp_path / "hub.db").exists()
