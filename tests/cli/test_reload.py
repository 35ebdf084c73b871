"""SIGHUP: a running hub reads its settings again, and no client notices."""

import contextlib
import json
import os
import pty
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from hub.auth.jwt_keys import secret_key
from support.certificates import certificate
from support.commands import finish, invoke, start
from support.leaks import LEAKS
from support.redis_server import RedisServer, redis_server

FIRST = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"
SECOND = "Vb4n_Mk8j-Hg2fDs6aPo9iUy3tRe7wQz5xCl1vBn"
APP, OTHER_APP = "https://app.example", "https://other.example"
PATIENCE_S = 40.0


def token(secret: str) -> str:
    """Return a token that is good for an hour."""
    claims = {"sub": "alice", "exp": int(time.time()) + 3600, "roles": ["admin"]}
    return jwt.encode({"alg": "HS256"}, claims, secret_key(secret).key)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Served:
    """A hub whose settings are in a file."""

    def __init__(self, folder: Path, *args: str, **environ: str) -> None:
        self.file = folder / "env"
        self.errors = folder / "stderr"
        self._lines = 0
        settings = {
            "PORT": "0", "DATABASE_URL": f"sqlite:///{folder}/hub.db", "HUB_LOG_FORMAT": "json",
            "HUB_ENV_FILE": str(self.file), **environ,
        }  # fmt: skip
        self._settings = {**os.environ, **settings}
        self._args = args

    def start(self, **settings: str) -> None:
        """Start it with these in the file."""
        self.write(**settings)
        LEAKS.read(self.errors)
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub", "serve", "-o", "json", *self._args],
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        assert self.process.stdout is not None
        self.told: dict[str, Any] = json.loads(self.process.stdout.readline())

    def write(self, **settings: str) -> None:
        """Change the file."""
        LEAKS.note_settings(settings)
        self.file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def reload(self, **settings: str) -> list[dict[str, Any]]:
        """Change the file and send SIGHUP; return what is said of it, one line a process."""
        if settings:
            self.write(**settings)
        self.process.send_signal(signal.SIGHUP)
        return self.said(1)

    def said(self, count: int) -> list[dict[str, Any]]:
        """Wait for that many lines about reloads beyond those that were returned before."""
        until(lambda: len(self._about_reloads()) >= self._lines + count)
        lines = self._about_reloads()[self._lines :]
        self._lines += len(lines)
        return lines

    def _about_reloads(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.errors.read_text().splitlines()]
        return [line for line in lines if "reloaded" in line["event"]]

    def status(self, bearer: str, **headers: str) -> int:
        """Ask for something that takes a credential; return the status."""
        headers = {"Authorization": f"Bearer {bearer}", **headers}
        return httpx.get(f"{self.told['url']}contracts/status", headers=headers).status_code

    def stop(self) -> str:
        """End it; return its log."""
        self.process.terminate()
        code = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        assert code == 0
        return self.errors.read_text()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    """A hub that has not been started yet."""
    served = Served(tmp_path)
    yield served
    if served.process.poll() is None:
        served.process.kill()
        served.process.wait()
    if served.process.stdout is not None:
        served.process.stdout.close()


def ended(client: ClientConnection) -> int:
    """Wait until a socket is closed; return the code."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.recv(timeout=10)
    assert client.close_code is not None
    return client.close_code


def test_keys_are_exchanged_under_a_client(hub: Served) -> None:
    """The new one counts at once; the old one, and its sockets, as long as it is named."""
    hub.start(JWT_SECRET=FIRST)
    bearer = {"Authorization": f"Bearer {token(FIRST)}"}
    with connect(hub.told["ws"], additional_headers=bearer) as client:
        assert json.loads(client.recv())["type"] == "welcome"
        first = (hub.status(token(FIRST)), hub.status(token(SECOND)))
        hub.reload(JWT_SECRET=SECOND, JWT_SECRET_PREVIOUS=FIRST)
        both = (hub.status(token(FIRST)), hub.status(token(SECOND)))
        client.send('{"type":"ping"}')
        assert json.loads(client.recv())["type"] == "pong"
        hub.reload(JWT_SECRET=SECOND)
        last = (hub.status(token(FIRST)), hub.status(token(SECOND)))
        code = ended(client)

    assert code == 4401
    assert (first, both, last) == ((200, 401), (200, 200), (401, 200))
    log = hub.stop()
    assert FIRST not in log
    assert SECOND not in log


def test_a_static_key_that_was_exchanged_ends_its_clients(hub: Served) -> None:
    """Nothing else would: it has no end of its own."""
    hub.start(API_KEY=FIRST)
    with connect(hub.told["ws"], additional_headers={"Authorization": f"Bearer {FIRST}"}) as client:
        assert json.loads(client.recv())["type"] == "welcome"
        hub.reload(API_KEY=SECOND)
        until(lambda: client.close_code is not None or not _alive(client))

    assert client.close_code == 4501
    assert (hub.status(FIRST), hub.status(SECOND)) == (401, 200)
    hub.stop()


def test_a_reload_is_in_the_audit_log(hub: Served) -> None:
    """With the names of what was changed; the values may be secrets."""
    hub.start(JWT_SECRET=FIRST)
    hub.reload(JWT_SECRET=SECOND, HUB_REQUEST_RATE="7", HUB_AUDIT_MAX_AGE_DAYS="9")
    hub.reload(JWT_SECRET="short")  # noqa: S106 refused
    hub.stop()

    listed = invoke(
        *("audit", "list", "--action", "settings.reload", "-o", "json"),
        DATABASE_URL=f"sqlite:///{hub.errors.parent}/hub.db",
    )

    [record] = [json.loads(line) for line in listed.out.splitlines()]
    assert sorted(record["details"]["changed"]) == ["HUB_REQUEST_RATE", "JWT_SECRET"]
    assert record["details"]["need_restart"] == ["HUB_AUDIT_MAX_AGE_DAYS"]
    assert SECOND not in listed.out


def test_a_limit_that_was_loosened_holds_no_longer(hub: Served) -> None:
    """At once, for who had used the old one up, too; and one that is new holds."""
    hub.start(JWT_SECRET=FIRST, HUB_REQUEST_RATE="0.01")
    before = [hub.status(token(FIRST)) for _ in range(3)]
    hub.reload(JWT_SECRET=FIRST, HUB_REQUEST_RATE="0")
    free = [hub.status(token(FIRST)) for _ in range(3)]
    hub.reload(JWT_SECRET=FIRST, HUB_REQUEST_RATE="0.01")
    after = [hub.status(token(FIRST)) for _ in range(3)]
    hub.stop()

    assert (before[-1], free, after[-1]) == (429, [200] * 3, 429)


def _alive(client: Any) -> bool:
    try:
        client.recv(timeout=0.05)
    except TimeoutError:
        return True
    except Exception:  # noqa: BLE001 whichever says that it is closed
        return False
    return True


def test_origins_hosts_and_the_level_of_the_log_change(hub: Served) -> None:
    """And what waits for a restart is told."""
    hub.start(JWT_SECRET=FIRST, CORS_ORIGINS=APP)
    before = [hub.status(token(FIRST), Origin=one) for one in (APP, OTHER_APP)]
    [line] = hub.reload(
        JWT_SECRET=FIRST, CORS_ORIGINS=OTHER_APP, HUB_ALLOWED_HOSTS="hub.example",
        LOG_LEVEL="WARNING", HUB_HEARTBEAT_S="7",
    )  # fmt: skip
    after = [hub.status(token(FIRST), Origin=one) for one in (APP, OTHER_APP)]
    hosts = [hub.status(token(FIRST), Host=one) for one in ("hub.example", "evil.example")]
    log = hub.stop()

    assert (before, after, hosts) == ([200, 403], [403, 200], [200, 403])
    assert set(line["changed"]) == {"LOG_LEVEL", "CORS_ORIGINS", "HUB_ALLOWED_HOSTS"}
    assert line["need_restart"] == ["HUB_HEARTBEAT_S"]
    assert log.count('"event":"request"') == 2


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        pytest.param({"JWT_SECRET": "short"}, "at least 32 random bytes", id="a weak secret"),
        pytest.param({"JWT_SECRET": FIRST, "HUB_PONG_S": "x"}, "HUB_PONG_S: exp", id="no number"),
        pytest.param({"LOG_LEVEL": "DEBUG"}, "restart the hub", id="open from now on"),
        pytest.param(
            {"JWT_SECRET": SECOND, "JWT_PUBLIC_KEY": "junk"}, "JWT_PUBLIC_KEY", id="half of it"
        ),
        pytest.param(
            {"JWT_SECRET": SECOND, "HUB_API_KEY_ROLES": "king"}, "HUB_API_KEY_ROLES", id="no role"
        ),
    ],
)
def test_a_bad_reload_keeps_what_was(hub: Served, settings: dict[str, str], cause: str) -> None:
    """All of it, and says so in one line."""
    hub.start(JWT_SECRET=FIRST)

    [line] = hub.reload(**settings)

    assert line["level"] == "error"
    assert cause in line["cause"]
    assert "fresh" not in line["cause"], "a secret that was logged is none any more"
    assert hub.status(token(FIRST)) == 200
    assert FIRST not in hub.stop()


def test_a_secret_file_is_read_again(tmp_path: Path) -> None:
    """Without HUB_ENV_FILE."""
    (tmp_path / "secret").write_text(FIRST)
    hub = Served(tmp_path, JWT_SECRET_FILE=str(tmp_path / "secret"), HUB_ENV_FILE="")
    hub.start()
    (tmp_path / "secret").write_text(SECOND)

    hub.reload()

    assert (hub.status(token(FIRST)), hub.status(token(SECOND))) == (401, 200)
    hub.stop()


def test_a_certificate_is_replaced(tmp_path: Path) -> None:
    """Who is here stays; who comes gets the new one."""
    one, other = (certificate(tmp_path / name, "127.0.0.1") for name in _folders(tmp_path))
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def put(files: Any) -> None:
        cert.write_bytes(files.cert.read_bytes())
        key.write_bytes(files.key.read_bytes())

    put(one)
    hub = Served(tmp_path, "--ssl-certfile", str(cert), "--ssl-keyfile", str(key))
    hub.start()
    with httpx.Client(verify=ssl.create_default_context(cafile=str(one.cert))) as stays:
        stays.get(f"{hub.told['url']}health")
        put(other)
        hub.reload()
        assert stays.get(f"{hub.told['url']}health").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(hub.told["url"], verify=ssl.create_default_context(cafile=str(one.cert)))
    new = ssl.create_default_context(cafile=str(other.cert))
    assert httpx.get(f"{hub.told['url']}health", verify=new).status_code == 200

    cert.write_text("junk")
    [line] = hub.reload()
    assert line["level"] == "error"
    assert httpx.get(f"{hub.told['url']}health", verify=new).status_code == 200
    hub.stop()


def test_a_bad_certificate_ends_nobody_whose_key_changes_in_the_same_reload(tmp_path: Path) -> None:
    """Nothing is taken over, so the old key is good: its sockets must not be sent away for ever."""
    (tmp_path / "one").mkdir()
    one = certificate(tmp_path / "one", "127.0.0.1")
    hub = Served(tmp_path, "--ssl-certfile", str(one.cert), "--ssl-keyfile", str(one.key))
    hub.start(API_KEY=FIRST)
    trusted = ssl.create_default_context(cafile=str(one.cert))
    address = f"{hub.told['url']}ws".replace("https", "wss")
    bearer = {"Authorization": f"Bearer {FIRST}"}
    with connect(address, ssl=trusted, additional_headers=bearer) as stays:
        one.cert.write_text("junk")

        [line] = hub.reload(API_KEY=SECOND)

        stays.send('{"type":"ping"}')
        told = [json.loads(stays.recv(timeout=10))["type"] for _ in range(2)]
    hub.stop()
    assert (line["level"], told) == ("error", ["welcome", "pong"])


def _folders(folder: Path) -> list[str]:
    for name in ("one", "other"):
        (folder / name).mkdir()
    return ["one", "other"]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server


def test_workers_are_told(tmp_path: Path, redis: RedisServer) -> None:
    """All of them, by the one that looks after them."""
    hub = Served(tmp_path, "--workers", "2", REDIS_URL=redis.url)
    hub.start(JWT_SECRET=FIRST)
    hub.write(JWT_SECRET=SECOND)

    hub.process.send_signal(signal.SIGHUP)
    lines = hub.said(2)

    assert [line["event"] for line in lines] == ["settings reloaded"] * 2
    assert {hub.status(token(SECOND)) for _ in range(20)} == {200}
    assert {hub.status(token(FIRST)) for _ in range(20)} == {401}
    hub.stop()


def test_many_signals_at_once_leave_the_last_settings(hub: Served) -> None:
    """Each is a look at the file after it came."""
    hub.start(JWT_SECRET=FIRST)
    for number in range(20):
        hub.write(JWT_SECRET=SECOND, HUB_CONNECT_RATE=str(100 + number))
        hub.process.send_signal(signal.SIGHUP)

    until(lambda: hub.status(token(SECOND)) == 200)
    hub.said(1)
    assert hub.process.poll() is None
    hub.stop()


def test_a_terminal_that_is_closed_ends_the_hub(tmp_path: Path) -> None:
    """As it always did; nobody wants a hub that goes on without anybody seeing it."""
    child, master = pty.fork()
    if child == 0:
        environ = {**os.environ, "PORT": "0", "DATABASE_URL": f"sqlite:///{tmp_path}/hub.db"}
        os.execve(  # noqa: S606 our own program
            sys.executable, [sys.executable, "-m", "hub", "serve"], environ
        )
    shown = b""
    while b"Ctrl-C" not in shown:
        shown += os.read(master, 4096)

    os.close(master)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_without_a_terminal_the_signal_is_no_end(tmp_path: Path) -> None:
    """Also where no setting names a file."""
    process = start("serve", "-o", "json", PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())

    process.send_signal(signal.SIGHUP)

    assert httpx.get(f"{told['url']}health").status_code == 200
    process.terminate()
    finished = finish(process)
    assert (finished.code, "settings reloaded" in finished.err) == (0, True)
