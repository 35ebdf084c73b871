"""`hub token`: over REST as somebody, or into the database as its administrator."""

import asyncio
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from hub.stores import migrations
from hub.telemetry.logging import configure
from support.commands import Finished, invoke
from support.postgres_server import postgres_server
from support.running import running_hub

JWT = "eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl"
EXPIRED, TO_COME = (
    JWT.format("eyJleHAiOjF9"),
    JWT.format("eyJuYmYiOjk5OTk5OTk5OTk5LCJleHAiOjk5OTk5OTk5OTk5fQ"),
)
FOR_EVER, GOOD = JWT.format("eyJzdWIiOiJhIn0"), JWT.format("eyJleHAiOjk5OTk5OTk5OTk5fQ")
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5fQ."


class Guarded(NamedTuple):
    """A hub with AUTH=required, its database, and the key of its administrator."""

    url: str
    database: str
    root: str

    def direct(self, *args: str, stdin: str | None = None) -> Finished:
        """Run `hub token` on the database, beside the hub."""
        return invoke("token", *args, stdin=stdin, DATABASE_URL=self.database)

    def rest(self, *args: str, stdin: str | None = None, token: str | None = None) -> Finished:
        """Run `hub token` through the hub."""
        environ = {"HUB_URL": self.url, "HUB_TOKEN": self.root if token is None else token}
        return invoke("token", *args, stdin=stdin, **environ)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A hub in a thread of its own: the commands of these tests block."""
    folder = tmp_path_factory.mktemp("guarded")
    # Its log would go to whatever stdout is at that moment: that of a command.
    config = structlog.get_config()
    configure(level="INFO", form="json", stream=io.StringIO())
    addresses: list[str] = []
    started, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with running_hub(folder, auth="required") as hub:
            addresses.append(hub.url)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20)
        database = f"sqlite:///{folder}/hub.db"
        made = invoke("token", "create", "root", "--role", "admin", DATABASE_URL=database)
        yield Guarded(addresses[0], database, made.out.strip())
    finally:
        ended.set()
        thread.join(20)
        structlog.configure(**config)


def made(finished: Finished) -> dict[str, Any]:
    """Return the JSON of a command that succeeded."""
    assert finished.code == 0, finished.err
    answer: dict[str, Any] = json.loads(finished.out)
    return answer


def test_the_first_key_lets_its_owner_in(guarded: Guarded) -> None:
    """It is made beside a hub that runs and lets nobody in yet."""
    listed = guarded.rest("list", "-o", "json")

    assert "root" in {key["name"] for key in json.loads(listed.out)}


@pytest.mark.parametrize("way", ["direct", "rest"])
def test_a_new_key_is_alone_on_stdout(guarded: Guarded, way: str) -> None:
    """So it can be piped; what people should know stands on stderr, without the secret."""
    finished = getattr(guarded, way)("create", "billing", "--role", "service", "--expires", "90d")

    secret = finished.out.strip()
    assert (finished.code, finished.out.count("\n")) == (0, 1)
    assert secret.startswith("hub_")
    assert "only time" in finished.err
    assert secret.rpartition("_")[2] not in finished.err


@pytest.mark.parametrize("way", ["direct", "rest"])
def test_both_ways_do_the_same(guarded: Guarded, way: str) -> None:
    """Making, listing, rotating and revoking, in the same words."""
    run = getattr(guarded, way)
    options = ("--scope", "events:read", "--channel", "orders.*", "--role", "viewer")
    key = made(run("create", f"wall-{way}", *options, "-o", "json"))["key"]
    new = made(run("rotate", key["id"], "--overlap", "1h", "-o", "json"))
    gone = made(run("revoke", key["id"], "-o", "json"))
    listed = json.loads(run("list", "-o", "json").out)

    assert (key["scopes"], key["channels"], key["roles"]) == (
        ["events:read"], ["orders.*"], ["viewer"]
    )  # fmt: skip
    assert new["key"]["old_secret_until"] > new["key"]["created_at"]
    assert (gone["id"], gone["state"]) == (key["id"], "revoked")
    assert [one["state"] for one in listed if one["id"] == key["id"]] == ["revoked"]


def test_a_key_may_be_named_by_itself(guarded: Guarded) -> None:
    """Who has found a leaked one can revoke it as it is; the hub gets the id alone."""
    token = guarded.rest("create", "leaked", "--role", "user").out.strip()

    gone = guarded.rest("revoke", token, "-o", "json")

    assert made(gone)["state"] == "revoked"


def test_people_read_a_list(guarded: Guarded) -> None:
    """A line a key; no secret."""
    finished = guarded.direct("list")

    assert finished.code == 0
    assert "root" in finished.out
    assert guarded.root.split("_")[1] in finished.out
    assert guarded.root.split("_")[2] not in finished.out


def test_an_empty_hub_says_how_to_begin(tmp_path: Path) -> None:
    """The data file is made, as the first start would."""
    finished = invoke("token", "list", DATABASE_URL=f"sqlite:///{tmp_path}/new/hub.db")

    assert (finished.code, "hub token create" in finished.out) == (0, True)


def test_an_older_data_file_is_brought_up_to_date(tmp_path: Path) -> None:
    """As the next start would do it."""
    file = tmp_path / "hub.db"
    with sqlite3.connect(file, isolation_level=None) as connection:
        for migration in migrations.known()[:3]:
            migrations.apply(connection, migration, 1)
    connection.close()

    finished = invoke("token", "create", "a", "--role", "user", DATABASE_URL=f"sqlite:///{file}")

    assert finished.out.startswith("hub_")


def test_a_key_is_made_in_postgresql() -> None:
    """The database that the settings name, whichever it is."""
    with postgres_server() as server:
        database = server.database()
        token = invoke("token", "create", "a", "--role", "user", DATABASE_URL=database).out
        said = invoke("token", "inspect", "-o", "json", stdin=token, DATABASE_URL=database)

    assert made(said)["refused"] == []


@pytest.mark.parametrize("way", ["direct", "rest"])
def test_inspect_says_of_a_key_why_it_is_refused(guarded: Guarded, way: str) -> None:
    """In the words of the hub, and with exit code 1."""
    run = getattr(guarded, way)
    token = guarded.direct("create", "inspected", "--role", "user").out.strip()
    key_id = token.split("_")[1]
    good = run("inspect", "-", "-o", "json", stdin=f"Bearer {token}\n")
    run("revoke", key_id)
    gone = run("inspect", "-o", "json", stdin=token)

    assert (made(good)["kind"], made(good)["facts"]) == ("API key", {"id": key_id})
    assert gone.code == 1
    assert "revoked" in json.loads(gone.out)["refused"][0]


@pytest.mark.parametrize(
    ("token", "kind", "fault"),
    [
        pytest.param(EXPIRED, "JWT", "it has expired (exp 1970", id="expired"),
        pytest.param(TO_COME, "JWT", "its time has not come", id="of tomorrow"),
        pytest.param(FOR_EVER, "JWT", "it never expires", id="without an end"),
        pytest.param(UNSIGNED, "JWT", "not signed", id="alg none"),
        pytest.param("hub_x", "API key", "a part", id="half a key"),
    ],
)
def test_inspect_reads_what_can_be_read(
    guarded: Guarded, token: str, kind: str, fault: str
) -> None:
    """Some refusals need nobody to be asked."""
    finished = guarded.direct("inspect", "-", "-o", "json", stdin=token)

    said = json.loads(finished.out)
    assert (finished.code, said["kind"]) == (1, kind)
    assert fault in " ".join(said["refused"])


@pytest.mark.parametrize("token", [GOOD, "some-static-key"], ids=["a JWT", "anything"])
def test_only_a_hub_can_judge_the_rest(guarded: Guarded, token: str) -> None:
    """Without one nothing is claimed; with one, it is the hub that says so."""
    alone = guarded.direct("inspect", "-", stdin=token)
    asked = guarded.rest("inspect", "-", stdin=token)

    assert (alone.code, "nobody was asked" in alone.out) == (0, True)
    assert (asked.code, "expected a token that this hub knows" in asked.out) == (1, True)


def test_settings_judge_what_they_name(guarded: Guarded) -> None:
    """With the environment of the hub, its JWTs and static keys can be judged without it."""
    static, secret = "a-Static-k3y-of-the-environment", "0f8e7d6c5b4a39281706f5e4d3c2b1a0-zyx"
    environ = {"DATABASE_URL": guarded.database, "API_KEY": static, "JWT_SECRET": secret}

    good = invoke("token", "inspect", "-", stdin=static, **environ)
    other = invoke("token", "inspect", "-", stdin=GOOD, **environ)

    assert (good.code, "API_KEY and JWT_SECRET lets it in" in good.out) == (0, True)
    assert other.code == 1
    assert static not in good.out + good.err


@pytest.mark.parametrize("change", ["", "x"], ids=["as it is", "with a typo"])
def test_inspect_does_not_repeat_a_secret(guarded: Guarded, change: str) -> None:
    """Its output is pasted into tickets."""
    token = guarded.direct("create", "quiet", "--role", "user").out.strip()

    finished = guarded.direct("inspect", "-", stdin=token + change)

    assert token.rpartition("_")[2] not in finished.out + finished.err


def test_inspect_shows_claims_safely(guarded: Guarded) -> None:
    """Whoever signs a token does not write on this terminal (CWE-150)."""
    claims = "eyJzdWIiOiJcdTAwMWJbMkoiLCJleHAiOjF9"  # {"sub":"\u001b[2J","exp":1}

    assert "\x1b[2J" not in guarded.direct("inspect", "-", stdin=JWT.format(claims)).out


@pytest.mark.parametrize("way", ["direct", "rest"])
def test_a_principal_is_locked_out_and_let_in_again(guarded: Guarded, way: str) -> None:
    """Until a time, which must be said."""
    run = getattr(guarded, way)
    said = made(run("revoke", f"sub:anna-{way}", "--until", "30d", "-o", "json"))
    lifted = run("revoke", f"sub:anna-{way}", "--lift")
    again = run("revoke", f"sub:anna-{way}", "--lift")
    endless = run("revoke", f"sub:anna-{way}")

    assert said["until"] > said["at"]
    assert (lifted.code, again.code, endless.code) == (0, 1 if way == "direct" else 4, 2)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        pytest.param(("rotate", "nobody"), 1, "'nobody'", id="no such key"),
        pytest.param(("create", "a"), 1, "a role", id="neither role nor scope"),
        pytest.param(("create", "a", "--role", "king"), 1, "admin, operator", id="no such role"),
        pytest.param(("create", "a" * 200, "--role", "user"), 2, "$.name", id="a long name"),
        pytest.param(("create", "a", "--expires", "soon"), 2, "90d", id="no time"),
        pytest.param(("rotate", "a", "--overlap", "999d"), 2, "$.overlap_s", id="a long overlap"),
        pytest.param(("revoke", "a", "--lift"), 2, "only with jwt:", id="keys stay revoked"),
        pytest.param(("inspect",), 2, "expected a token", id="nothing to inspect"),
        pytest.param(("inspect", "\u00e4"), 2, "expected a token", id="no token could be that"),
    ],
)
def test_a_refusal_is_one_line(
    guarded: Guarded, args: tuple[str, ...], code: int, said: str
) -> None:
    """What was expected, and what came."""
    finished = guarded.direct(*args)

    assert (finished.code, finished.out) == (code, "")
    assert said in finished.err
    assert finished.err.count("\n") == 1


@pytest.mark.parametrize("token", ["", "hub_nonsense"], ids=["no token", "a wrong one"])
def test_a_hub_that_asks_for_credentials_refuses(guarded: Guarded, token: str) -> None:
    """The database is not a way around it for who has only the address."""
    finished = guarded.rest("create", "a", "--role", "admin", token=token)

    assert (finished.code, finished.out) == (4, "")


def test_the_database_can_be_meant_although_a_hub_is_named(guarded: Guarded) -> None:
    """`--direct` wins over HUB_URL."""
    finished = invoke(
        "token", "list", "--direct", DATABASE_URL=guarded.database, HUB_URL="http://127.0.0.1:1"
    )

    assert finished.code == 0
