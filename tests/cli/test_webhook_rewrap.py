"""`hub webhooks rewrap`: keys change, and no secret is lost by it."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from hub.cli.token_access import accessing
from hub.cli.webhook_rewrapping import PAGE
from hub.model.endpoint import Callback, Endpoint, SigningKey
from hub.model.principal import Principal
from hub.settings import Settings
from hub.webhooks.envelope import HEADERS, Ring, key_field, new_line, read_ring
from support.commands import Finished, invoke

OLD, NEW = new_line(), new_line()
BOTH = f"{NEW},{OLD}"


def endpoint(name: str, ring: Ring, number: int = 0) -> Endpoint:
    """Return an endpoint whose secrets a ring has sealed."""
    key = SigningKey("wk_1", "v1", ring.seal(b"s", name, key_field("wk_1")), 1)
    return Endpoint(
        id=name, reader=Principal("ops", (), frozenset()), url="https://a.example/",
        event_types=("*",), created_at_us=number + 1, updated_at_us=1, keys=(key,),
        headers=ring.seal(b"[]", name, HEADERS),
    )  # fmt: skip


def settings_of(folder: Path) -> Settings:
    """Return the settings of a data file."""
    return Settings(database_url=f"sqlite:///{folder}/hub.db")


def put(folder: Path, *endpoints: Endpoint) -> None:
    """Keep endpoints in the data file."""

    async def add() -> None:
        async with accessing(settings_of(folder)) as access:
            for one in endpoints:
                await access.store.webhooks.add_endpoint(one)

    asyncio.run(add())


def secrets_of(folder: Path, ring: Ring, *names: str) -> list[bytes]:
    """Open the secrets of endpoints."""

    async def read() -> list[bytes]:
        async with accessing(settings_of(folder)) as access:
            found = [await access.store.webhooks.endpoint(name) for name in names]
        kept = [one[0] for one in found if one is not None]
        return [ring.open(one.keys[0].secret, one.id, key_field("wk_1")) for one in kept] + [
            ring.open(one.headers, one.id, HEADERS) for one in kept
        ]

    return asyncio.run(read())


def rewrap(folder: Path, keys: str = BOTH) -> Finished:
    """Run the command."""
    return invoke(
        "webhooks", "rewrap", "-o", "json",
        DATABASE_URL=f"sqlite:///{folder}/hub.db", HUB_WEBHOOK_SECRET_KEYS=keys,
    )  # fmt: skip


def test_everything_is_sealed_by_the_newest_key(tmp_path: Path) -> None:
    """Endpoints of several pages, and callbacks; then the old key may go."""
    ring = read_ring(OLD)
    many = [endpoint(f"ep_{number}", ring, number) for number in range(PAGE + 1)]
    callback = msgspec.structs.replace(
        endpoint("cb_1", ring), callback=Callback("job", "j-1", "client")
    )
    put(tmp_path, *many, callback)

    done = rewrap(tmp_path)
    again = rewrap(tmp_path)

    key = NEW.partition(":")[0]
    assert (done.code, json.loads(done.out)) == (
        0, {"key": key, "endpoints": PAGE + 2, "rewrapped": PAGE + 2, "lost": []},
    )  # fmt: skip
    assert json.loads(again.out)["rewrapped"] == 0
    assert secrets_of(tmp_path, read_ring(NEW), "ep_0", f"ep_{PAGE}", "cb_1") == [
        b"s", b"s", b"s", b"[]", b"[]", b"[]",
    ]  # fmt: skip


def test_what_no_key_opens_is_named_and_left(tmp_path: Path) -> None:
    """The others are done; the exit code tells."""
    put(tmp_path, endpoint("ep_1", read_ring(OLD)), endpoint("ep_2", read_ring(new_line())))

    done = rewrap(tmp_path)
    shown = invoke(
        "webhooks", "rewrap",
        DATABASE_URL=f"sqlite:///{tmp_path}/hub.db", HUB_WEBHOOK_SECRET_KEYS=BOTH,
    )  # fmt: skip

    assert done.code == 1
    assert json.loads(done.out)["lost"] == ["ep_2"]
    assert json.loads(done.out)["rewrapped"] == 1
    assert "no key opens a secret of ep_2" in shown.out
    assert secrets_of(tmp_path, read_ring(NEW), "ep_1") == [b"s", b"[]"]


def test_it_is_in_the_audit_log(tmp_path: Path) -> None:
    """Who, and by which key; no secret."""
    put(tmp_path, endpoint("ep_1", read_ring(OLD)))
    rewrap(tmp_path)

    listed = invoke("audit", "list", "-o", "json", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db")

    lines = [json.loads(line) for line in listed.out.splitlines()]
    assert [line["action"] for line in lines] == ["webhook.rewrap"]
    assert lines[0]["details"] == {"key": NEW.partition(":")[0], "endpoints": 1}


@pytest.mark.parametrize("keys", ["nonsense", "a:AAAA"])
def test_wrong_keys_are_wrong_configuration(tmp_path: Path, keys: str) -> None:
    """Exit code 2, before the database is touched."""
    assert rewrap(tmp_path, keys).code == 2
    assert not (tmp_path / "hub.db").exists()
