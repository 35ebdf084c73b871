"""`hub context` gives hubs names; every command speaks to the one that counts."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hub.cli.contexts import Context, Contexts, load, save
from hub.errors import Misconfigured
from support.commands import Finished, invoke
from support.redis_server import free_port
from support.running import HubProcess, hub_process

TOKEN = "hub_7tMx0Q4bVn2e_wUP5ZTA_KmwEGLPrf5CXXM0EB7SH7dAVxnYbz6ktQw3kbiMpnQwBeru7"  # noqa: S105


def hub(folder: Path, *args: str, stdin: str | None = None, **environ: str) -> Finished:
    """Run a command with a file of contexts of its own."""
    return invoke(*args, stdin=stdin, XDG_CONFIG_HOME=str(folder), **environ)


def shown(folder: Path) -> list[dict[str, Any]]:
    """Return what `hub context ls` tells."""
    return [
        json.loads(line) for line in hub(folder, "context", "ls", "-o", "json").out.splitlines()
    ]


def test_contexts_are_added_used_and_forgotten(tmp_path: Path) -> None:
    """The first counts at once; others when it is said; one that is forgotten no more."""
    hub(tmp_path, "context", "add", "local", "http://127.0.0.1:1")
    hub(tmp_path, "context", "add", "prod", "https://hub.example", "--token", "-", stdin=TOKEN)
    first = shown(tmp_path)
    hub(tmp_path, "context", "use", "prod")
    second = hub(tmp_path, "context", "show", "-o", "json")
    hub(tmp_path, "context", "rm", "prod")
    third = shown(tmp_path)
    none = hub(tmp_path, "context", "show")

    local = {"name": "local", "url": "http://127.0.0.1:1", "token": None, "current": True}
    prod = {
        "name": "prod",
        "url": "https://hub.example",
        "token": "API key 7tMx0Q4bVn2e",
        "current": False,
    }
    assert first == [local, prod]
    assert json.loads(second.out) == {**prod, "current": True}
    assert third == [{**local, "current": False}]
    assert none.code == 2


def test_no_token_is_ever_shown(tmp_path: Path) -> None:
    """Not when it is kept, nor later, nor where the file is wrong; and the file is the owner's."""
    secret = tmp_path / "token.txt"
    secret.write_text(f"{TOKEN}\n")
    said = [
        hub(tmp_path, "context", "add", "prod", "http://hub.example", "--token", f"@{secret}"),
        hub(tmp_path, "context", "ls"),
        hub(tmp_path, "context", "show", "prod"),
        hub(tmp_path, "context", "show", "prod", "-o", "json"),
    ]
    file = tmp_path / "hub" / "config.toml"
    mode = stat.S_IMODE(file.stat().st_mode)
    kept = file.read_text()
    file.write_text(f"{kept}token = 5\n")
    said.append(hub(tmp_path, "context", "ls"))
    said.append(hub(tmp_path, "context", "rm", "prod"))

    assert all("wUP5ZTA" not in one.out + one.err for one in said)
    assert [one.code for one in said] == [0, 0, 0, 0, 2, 2]
    assert "in the clear" in said[0].err
    assert mode == 0o600
    assert TOKEN in kept


def test_a_token_in_the_command_line_is_refused(tmp_path: Path) -> None:
    """It would stay in the history of the shell; the refusal does not repeat it."""
    refused = hub(tmp_path, "context", "add", "prod", "https://hub.example", "--token", TOKEN)

    assert refused.code == 2
    assert "--token: expected @FILE or -" in refused.err
    assert "wUP5ZTA" not in refused.err
    assert not (tmp_path / "hub").exists()


def test_a_file_that_others_can_read_is_complained_of(tmp_path: Path) -> None:
    """With what to do; and the next change mends it."""
    hub(tmp_path, "context", "add", "local", "http://127.0.0.1:1")
    file = tmp_path / "hub" / "config.toml"
    file.chmod(0o644)

    warned = hub(tmp_path, "context", "ls")
    hub(tmp_path, "context", "use", "--none")

    assert f"chmod 600 {file}" in warned.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_commands_speak_to_the_hub_of_the_context(served: HubProcess, tmp_path: Path) -> None:
    """Unless --url, HUB_URL, or another name in HUB_CONTEXT says something else."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    hub(tmp_path, "context", "add", "here", served.url)
    hub(tmp_path, "context", "add", "nowhere", nowhere)
    publish = ("publish", "event", "by-context", "said", "{}")

    codes = {
        "current": hub(tmp_path, *publish).code,
        "tail": hub(tmp_path, "tail", "by-context", "--last", "1", "--count", "1").code,
        "HUB_CONTEXT": hub(tmp_path, *publish, HUB_CONTEXT="nowhere").code,
        "HUB_URL": hub(tmp_path, *publish, HUB_URL=nowhere).code,
        "--url": hub(tmp_path, *publish, "--url", nowhere, HUB_URL=served.url).code,
        "--url here": hub(tmp_path, *publish, "--url", served.url, HUB_CONTEXT="nowhere").code,
        "unknown": hub(tmp_path, *publish, HUB_CONTEXT="unknown").code,
    }

    assert codes == {
        "current": 0, "tail": 0, "HUB_CONTEXT": 3, "HUB_URL": 3, "--url": 3, "--url here": 0,
        "unknown": 2,
    }  # fmt: skip


def test_the_token_goes_to_its_own_hub_only(tmp_path: Path) -> None:
    """HUB_TOKEN goes before it; an address from elsewhere gets none of the file."""
    with hub_process(tmp_path, AUTH="required", API_KEY=TOKEN) as served:
        hub(tmp_path, "context", "add", "here", served.url, "--token", "-", stdin=TOKEN)
        listed = ("token", "list")
        codes = {
            "context": hub(tmp_path, *listed).code,
            "HUB_TOKEN": hub(tmp_path, *listed, HUB_TOKEN="wrong").code,  # noqa: S106 it is wrong
            "--url": hub(tmp_path, *listed, "--url", served.url).code,
            "HUB_URL": hub(tmp_path, *listed, HUB_URL=served.url).code,
            "again": hub(tmp_path, *listed).code,
        }

    assert codes == {"context": 0, "HUB_TOKEN": 4, "--url": 4, "HUB_URL": 4, "again": 0}
    assert "HUB_TOKEN" not in os.environ


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("current = ", "expected TOML", id="no TOML"),
        pytest.param("contexts = 5", "expected a name as `current`", id="no tables"),
        pytest.param("current = 5", "expected a name as `current`", id="no name"),
        pytest.param("[contexts.a]\n", r"expected a `url`", id="no address"),
        pytest.param('[contexts.a]\nurl = "x"\nkey = 1', r"expected a `url`", id="one thing more"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(text: str, says: str, tmp_path: Path) -> None:
    """With what was expected; it is not passed over, for another hub would be spoken to."""
    file = tmp_path / "config.toml"
    file.write_text(text)

    with pytest.raises(Misconfigured, match=says):
        load(file)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Whatever stands in an address or a token; a link stays a link."""
    kept, file = tmp_path / "dotfiles.toml", tmp_path / "hub" / "config.toml"
    file.parent.mkdir()
    file.symlink_to(kept)
    odd = Contexts(
        "a-1", {"a-1": Context('http://x/"\\\x7f\té', 'to"ken'), "_b": Context("http://y")}
    )

    save(file, odd)

    assert load(file) == odd
    assert file.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dotfiles.toml", "hub"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(("add", "a b", "http://x"), "expected a name of 64 letters", id="no name"),
        pytest.param(("add", "a", "ftp://x"), "expected http", id="no address"),
        pytest.param(("add", "a", "http://u:p@x"), "no name and password", id="a password in it"),
        pytest.param(("use",), "expected a NAME or --none", id="nothing to use"),
        pytest.param(("rm", "a"), "none yet", id="nothing to forget"),
    ],
)
def test_what_cannot_be_is_refused(args: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """As wrong usage, in one line."""
    refused = hub(tmp_path, "context", *args)

    assert refused.code == 2
    assert says in refused.err
