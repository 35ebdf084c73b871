"""`hub webhooks`, `hub trigger` and `hub listen` against a hub that serves and sends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli.failure import ExitCode
from hub_client import decrypt_webhook, verify_signature, verify_webhook
from support.commands import Finished, invoke
from support.hooks import Hook, Receiver, Said, receiver
from support.running import HubProcess, hub_process


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that may send to this machine."""
    with hub_process(
        tmp_path_factory.mktemp("sending"), WEBHOOK_ALLOW_NETWORKS="127.0.0.0/8"
    ) as process:
        yield process


@pytest.fixture
def taking() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiver() as made:
        yield made


def hub(sending: HubProcess, *args: str) -> Finished:
    """Run a command against the hub."""
    return invoke(*args, HUB_URL=sending.url)


def told(sending: HubProcess, *args: str) -> Any:
    """Run a command that succeeds, and return what it writes as JSON."""
    finished = hub(sending, *args, "-o", "json")
    assert finished.code == 0, finished.err
    return json.loads(finished.out)


def make(sending: HubProcess, taking: Receiver, *more: str) -> dict[str, Any]:
    """Return a new endpoint, of contracts alone: tests share the hub."""
    made: dict[str, Any] = told(
        sending, "webhooks", "create", taking.url, "--channel", "contracts", *more
    )
    return made


def trigger(sending: HubProcess, contract_id: str, *more: str) -> None:
    """Have a contract change."""
    override = ("--override", f"contract_id={contract_id}")
    assert hub(sending, "trigger", "contract.update", *override, *more).code == 0


def subjects(hooks: list[Hook]) -> list[str]:
    """Return the contracts that hooks speak of."""
    return [json.loads(hook.body)["data"]["contract_id"] for hook in hooks]


def test_the_secret_alone_goes_to_stdout(sending: HubProcess, taking: Receiver) -> None:
    """So it can be piped to where the receiver finds it; what comes is signed by it."""
    made = hub(sending, "webhooks", "create", taking.url, "--where", "contract_id=piped")
    trigger(sending, "piped")

    (hook,) = taking.wait_for(1)
    event = verify_webhook(hook.body, hook.headers, made.out.strip())
    assert (made.code, made.out.count("\n"), event.data["contract_id"]) == (0, 1, "piped")
    assert made.out.strip() not in made.err
    assert "shown this once" in made.err


def test_an_endpoint_from_its_making_to_its_end(sending: HubProcess, taking: Receiver) -> None:
    """Every command says of the hub's own answers what it says of a played one's."""
    made = make(sending, taking, "--where", "contract_id=all", "--ordered", "--retry", "1s")
    name = made["id"]

    assert "✓ taken" in hub(sending, "webhooks", "test", name).out
    assert hub(sending, "webhooks", "pause", name, "--reason", "a\u202eb").code == ExitCode.REFUSED
    assert told(sending, "webhooks", "pause", name, "--reason", "moving")["why"] == "moving"
    trigger(sending, "all")
    assert told(sending, "webhooks", "resume", name)["state"] == "active"
    rotated = told(sending, "webhooks", "rotate", name, "--overlap", "1h")
    assert len(rotated["keys"]) == 2
    assert rotated["secret"] != made["secret"]
    shown = hub(sending, "webhooks", "show", name).out
    assert taking.url in shown
    assert made["secret"] not in shown
    assert rotated["secret"] not in shown
    assert name in hub(sending, "webhooks", "list").out
    assert "removed" in hub(sending, "webhooks", "delete", name).out
    gone = hub(sending, "webhooks", "show", name)
    assert (gone.code, "webhook_not_found" in gone.err) == (ExitCode.REFUSED, True)


def test_dead_letters_are_found_and_sent_again(sending: HubProcess, taking: Receiver) -> None:
    """From the list of the dead to each attempt, then one by its id, and all as a replay."""
    taking.answer = lambda _: Said(500, body=b"down\x1b[2J")
    name = make(sending, taking, "--where", "location=Chennai", "--client-errors", "fail")["id"]
    for number in range(3):
        trigger(sending, f"dead-{number}", "--override", "location=Chennai")
    taking.answer = lambda _: Said(422)
    ids = [one["id"] for one in told(sending, "webhooks", "deliveries", name)]
    told(sending, "webhooks", "replay", ids[0])
    taking.wait_for(4)
    dead = wait_for_dead(sending, name)
    taking.answer = lambda _: Said(204)

    attempts = hub(sending, "webhooks", "deliveries", dead[0]).out
    ended = told(sending, "webhooks", "replay", name, "--state", "dead", "--wait")
    taking.wait_for(5)

    assert ("422" in attempts, "\x1b" in attempts) == (True, False)
    assert (ended["state"], ended["again"]) == ("done", 1)


def wait_for_dead(sending: HubProcess, name: str) -> list[str]:
    """Return the deliveries of an endpoint that are dead, once there is one."""
    while True:
        dead = told(sending, "webhooks", "deliveries", name, "--state", "dead")
        if dead:
            return [one["id"] for one in dead]


def test_what_is_encrypted_is_for_the_receiver_alone(
    sending: HubProcess, taking: Receiver, tmp_path: Path
) -> None:
    """`--encrypt` with a file; verified first, then read by the private key alone."""
    from joserfc.jwk import OKPKey  # noqa: PLC0415 it takes its time

    key = OKPKey.generate_key("X25519")
    file = tmp_path / "public.json"
    file.write_text(json.dumps(key.as_dict(private=False)))
    made = make(sending, taking, "--where", "contract_id=sealed", "--encrypt", f"@{file}")
    trigger(sending, "sealed")

    (hook,) = taking.wait_for(1)
    verify_signature(hook.body, hook.headers, made["secret"])
    event = decrypt_webhook(hook.body, key.as_dict(private=True))
    assert b"sealed" not in hook.body
    assert event.data["contract_id"] == "sealed"


def test_many_at_a_rate_come_in_order(sending: HubProcess, taking: Receiver) -> None:
    """`hub trigger --count` at an ordered endpoint: as they were told, each once."""
    make(sending, taking, "--where", "contract_id=many", "--ordered")
    trigger(sending, "many", "--count", "12", "--rate", "200")

    hooks = taking.wait_for(12)
    offsets = [json.loads(hook.body)["offset"] for hook in hooks]
    assert offsets == sorted(offsets)
    assert len({hook.headers["webhook-id"] for hook in hooks}) == 12


def test_listen_sends_what_the_hub_sends(sending: HubProcess, taking: Receiver) -> None:
    """The same body and the same headers, but for what is of the attempt and of its key."""
    make(sending, taking, "--where", "contract_id=same")
    trigger(sending, "same")
    (by_hub,) = taking.wait_for(1)
    with receiver() as here:
        position = json.loads(by_hub.body)["offset"] - 1
        finished = hub(
            sending,
            *("listen", "--forward-to", here.url, "--channel", "contracts", "--count", "1"),
            *("--since", f"{epoch(sending)}:{position}", "--print-secret"),
        )
        (by_listen,) = here.hooks

    own = {"host", "webhook-timestamp", "webhook-signature", "connection", "accept"}
    assert finished.code == 0
    assert by_listen.body == by_hub.body
    assert {n: v for n, v in by_listen.headers.items() if n not in own} == {
        n: v for n, v in by_hub.headers.items() if n not in own
    }
    verify_webhook(by_listen.body, by_listen.headers, finished.out.splitlines()[0])


def epoch(sending: HubProcess) -> str:
    """Return the epoch of the hub."""
    from hub_client import MCPClient  # noqa: PLC0415 for this line

    with MCPClient(sending.url) as client:
        found: str = client.history("contracts")["epoch"]
    return found


def test_the_doctor_finds_fault_with_who_believes_everything(
    sending: HubProcess, taking: Receiver
) -> None:
    """Asked with the secret that the hub has given; a receiver by the book is right."""
    made = make(sending, taking)

    report = hub(sending, "webhooks", "doctor", taking.url, "--secret", made["secret"])

    assert report.code == 1
    assert "✗" in report.out


def test_a_refusal_is_told_in_a_line(sending: HubProcess) -> None:
    """With the code of the hub, and without a trace."""
    finished = hub(sending, "webhooks", "create", "http://10.0.0.1/hook")

    assert finished.code == ExitCode.REFUSED
    assert "webhook_url_refused" in finished.err
    assert "Traceback" not in finished.err
