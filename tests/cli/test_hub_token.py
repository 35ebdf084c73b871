"""HUB_TOKEN: commands at a hub that wants to know who comes."""

import json
from collections.abc import Iterator

import pytest

from hub.bench.rival import rivals
from support.commands import invoke
from support.running import HubProcess, hub_process

KEY = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4u"  # made for tests
CONTRACT = ("--id", "c-1", "--location", "Mumbai", "--status", "active")
BENCH = ("--connections", "20", "--publishers", "2", "--duration", "0.5", "-o", "json")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with a static key."""
    with hub_process(tmp_path_factory.mktemp("guarded"), API_KEY=KEY) as process:
        yield process


def test_what_is_published_is_tailed(guarded: HubProcess) -> None:
    """Contracts, events of a channel and jobs, by whoever has the token."""
    environ = {"HUB_URL": guarded.url, "HUB_TOKEN": KEY}

    done = [
        invoke("publish", "contract", *CONTRACT, **environ),
        invoke("publish", "event", "orders", "placed", '{"n":1}', **environ),
        invoke("publish", "job", "create", **environ),
    ]
    tailed = invoke(
        *("tail", "contracts", "jobs", "orders", "--since", "1h", "--count", "3", "-o", "json"),
        **environ,
    )

    assert [each.code for each in done] == [0, 0, 0], done
    lines = [json.loads(line) for line in tailed.out.splitlines()]
    assert {line["channel"] for line in lines} == {"contracts", "jobs", "orders"}


def test_bench_brings_its_subscribers_in(guarded: HubProcess) -> None:
    """Each of them and each publisher shows the token."""
    finished = invoke("bench", guarded.url, *BENCH, HUB_TOKEN=KEY)

    assert finished.code == 0, finished.err + finished.out
    report = json.loads(finished.out)
    assert report["deliveries"] == 20 * report["events"] > 0


def test_a_comparison_shows_the_hub_its_token(
    guarded: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its subscribers and publishers too; the servers beside it never see it."""
    monkeypatch.setattr("hub.bench.comparison.rivals", lambda: rivals()[:1])

    finished = invoke("bench", guarded.url, "--compare", "--rounds", "1", *BENCH, HUB_TOKEN=KEY)

    assert finished.code == 0, finished.err + finished.out
    hub, other = json.loads(finished.out)["rows"]
    assert (hub["sound"], other["server"]) == (True, "starlette loop")


def test_what_was_published_is_traced(guarded: HubProcess) -> None:
    """By whoever has the token."""
    environ = {"HUB_URL": guarded.url, "HUB_TOKEN": KEY}
    published = invoke("publish", "event", "orders", "placed", "{}", "-o", "json", **environ)

    traced = invoke("trace", json.loads(published.out)["ids"][0], "-o", "json", **environ)

    assert traced.code == 0, traced.err
    assert json.loads(traced.out)["channel"] == "orders"


COMMANDS = pytest.mark.parametrize(
    "command",
    [
        pytest.param(("publish", "contract", *CONTRACT), id="publish"),
        pytest.param(("tail", "contracts"), id="tail"),
        pytest.param(("tail", "contracts", "--since", "1h"), id="tail from a time"),
        pytest.param(("bench", *BENCH), id="bench"),
        pytest.param(("trace", "01890a5d-ac96-774b-bcce-b302099a8057"), id="trace"),
        pytest.param(("token", "list"), id="token"),
    ],
)


@pytest.mark.parametrize("token", ["", "another-key-than-the-one"], ids=["none", "a wrong one"])
@COMMANDS
def test_who_is_not_known_is_told_once(
    guarded: HubProcess, command: tuple[str, ...], token: str
) -> None:
    """Exit code 4 with the address of help; and nobody reads the token on the screen."""
    finished = invoke(*command, HUB_URL=guarded.url, HUB_TOKEN=token)

    assert finished.code == 4, finished.err + finished.out
    assert "docs/errors/E_AUTHENTICATION_FAILED" in finished.err
    assert '{"code"' not in finished.err
    assert not token or token not in finished.err + finished.out


@COMMANDS
def test_what_no_header_can_carry_is_wrong_usage(
    guarded: HubProcess, command: tuple[str, ...]
) -> None:
    """A token that was pasted with more than itself, say; it is not shown either."""
    finished = invoke(*command, HUB_URL=guarded.url, HUB_TOKEN=f"{KEY}\n{KEY}")

    assert finished.code == 2, finished.err + finished.out
    assert "expected a token of printable ASCII" in finished.err
    assert KEY not in finished.err + finished.out
