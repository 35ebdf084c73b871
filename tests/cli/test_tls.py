"""`hub serve` with a certificate: https and wss, alone and as workers."""

import contextlib
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from hub.cli.checks import findings
from hub.clock import SystemClock
from hub.settings import Settings
from support.certificates import Certificate, certificate
from support.commands import finish, invoke, run, start
from support.redis_server import redis_server
from support.running import CONTRACT
from support.sockets import until


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of this machine."""
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def trusting(cert: Certificate) -> ssl.SSLContext:
    """Return a client's context that trusts this certificate alone."""
    return ssl.create_default_context(cafile=str(cert.cert))


def told_by(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait until the hub answers."""
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def check_both(told: dict[str, Any], cert: Certificate) -> None:
    """Post over https, and get it over wss."""
    context = trusting(cert)
    with connect(f"{told['ws']}?channels=contracts", ssl=context) as client:
        assert json.loads(client.recv())["type"] == "welcome"
        answer = httpx.post(f"{told['url']}update", json=CONTRACT, verify=context)
        assert answer.status_code == 200
        assert json.loads(client.recv())["offset"] == answer.json()["offset"]


def test_a_hub_with_a_certificate_speaks_https_and_wss(tmp_path: Path, own: Certificate) -> None:
    """By options; what it says of itself begins with those."""
    process = start(
        "serve", "-o", "json", "--ssl-certfile", str(own.cert), "--ssl-keyfile", str(own.key),
        PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db",
    )  # fmt: skip
    told = told_by(process)

    check_both(told, own)

    assert (told["url"][:8], told["ws"][:6]) == ("https://", "wss://")
    with pytest.raises(httpx.TransportError):
        httpx.get(told["url"].replace("https", "http"))
    process.terminate()
    finished = finish(process)
    assert finished.code == 0
    assert "Traceback" not in finished.err


def holds(port: int, client_port: int) -> bool:
    """Say whether the kernel has the server's end of a connection."""
    ends = [line.split()[1:3] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(
        (int(own[-4:], 16), int(other[-4:], 16)) == (port, client_port) for own, other in ends
    )


STREAM = "GET /api/events?channels=jobs HTTP/1.1\r\nHost: localhost\r\n"
SOCKET = (
    "GET /ws?channels=jobs HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
)


@contextlib.contextmanager
def unread(
    told: dict[str, Any], context: ssl.SSLContext, request: str, token: str
) -> Iterator[int]:
    """Follow jobs and read nothing; the port of the client."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", told["port"]))
        port: int = client.getsockname()[1]
        with context.wrap_socket(client, server_hostname="127.0.0.1") as stream:
            stream.sendall(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
            yield port


@pytest.mark.parametrize("request_", [STREAM, SOCKET], ids=["stream", "socket"])
def test_a_revoked_client_that_reads_nothing_is_cut(
    tmp_path: Path, own: Certificate, request_: str
) -> None:
    """A closing handshake would wait half a minute for it, and the kernel some minutes."""
    key = token_urlsafe(32)
    process = start(
        "serve", "-o", "json", PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db", API_KEY=key,
        HUB_SSL_CERTFILE=str(own.cert), HUB_SSL_KEYFILE=str(own.key),
    )  # fmt: skip
    told, context = told_by(process), trusting(own)
    bearer = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=told["url"], verify=context, headers=bearer) as hub:
        made = hub.post("/api/tokens", json={"name": "slow", "roles": ["viewer"]}).json()
        with unread(told, context, request_, made["token"]) as port:
            until(lambda: bool(post_much(hub)))

            hub.delete(f"/api/tokens/{made['key']['id']}").raise_for_status()

            until(lambda: not holds(told["port"], port))
    process.terminate()
    assert finish(process).code == 0


def post_much(hub: httpx.Client) -> int:
    """Make a large event; return how many bytes wait for the only client."""
    job = {"metadata": {"text": "x" * 60_000}}
    hub.post("/api/jobs", json=job).raise_for_status()
    found = hub.get("/api/connections").json()["connections"]
    return sum(one["queued_bytes"] for one in found)


def test_old_versions_get_no_answer(tmp_path: Path, own: Certificate) -> None:
    """TLS 1.1 is broken (RFC 8996)."""
    process = start(
        "serve", "-o", "json", PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db",
        HUB_SSL_CERTFILE=str(own.cert), HUB_SSL_KEYFILE=str(own.key),
    )  # fmt: skip
    told = told_by(process)
    asked = ["openssl", "s_client", "-connect", f"127.0.0.1:{told['port']}"]

    old = subprocess.run(
        [*asked, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
        input=b"", capture_output=True, check=False,
    )  # fmt: skip
    new = subprocess.run([*asked, "-tls1_2"], input=b"", capture_output=True, check=False)

    process.terminate()
    finish(process)
    assert (b"Cipher is (NONE)" in old.stdout, b"Cipher is (NONE)" in new.stdout) == (True, False)


@pytest.fixture
def redis() -> Iterator[str]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server.url


def test_workers_show_the_certificate(tmp_path: Path, own: Certificate, redis: str) -> None:
    """Those that the option names, too."""
    process = start(
        "serve", "-o", "json", "--workers", "2",
        "--ssl-certfile", str(own.cert), "--ssl-keyfile", str(own.key),
        PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db", REDIS_URL=redis,
    )  # fmt: skip
    told = told_by(process)

    check_both(told, own)

    assert told["url"].startswith("https://")
    process.terminate()
    assert finish(process).code == 0


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, own: Certificate) -> None:
    """In one line, with the code of a wrong configuration."""
    finished = run(
        "serve", "--ssl-certfile", str(own.key),
        PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db",
    )  # fmt: skip

    assert finished.code == 2
    assert "HUB_SSL_CERTFILE" in finished.err
    assert finished.err.count("\n") == 1


def test_a_hub_asks_for_certificates_of_its_roots(tmp_path: Path, own: Certificate) -> None:
    """Who shows none gets no answer."""
    process = start(
        "serve", "-o", "json",
        "--ssl-certfile", str(own.cert), "--ssl-keyfile", str(own.key),
        "--ssl-ca-certs", str(own.cert),
        PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db",
    )  # fmt: skip
    told = told_by(process)
    known = trusting(own)
    known.load_cert_chain(own.cert, own.key)

    with pytest.raises(httpx.TransportError):
        httpx.get(f"{told['url']}health", verify=trusting(own))
    answer = httpx.get(f"{told['url']}health", verify=known)

    process.terminate()
    finish(process)
    assert answer.status_code == 200


@pytest.mark.parametrize("roots", [False, True], ids=["anybody", "who shows a certificate"])
def test_a_hub_with_a_certificate_is_found_alive(
    tmp_path: Path, own: Certificate, *, roots: bool
) -> None:
    """Whatever name the certificate has; one that wants another certificate has answered."""
    environ = {
        "HUB_SSL_CERTFILE": str(own.cert), "HUB_SSL_KEYFILE": str(own.key),
        "DATABASE_URL": f"sqlite:///{tmp_path}/hub.db", "HUB_ALLOWED_HOSTS": "hub.example",
        "API_KEY": "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4u",
    }  # fmt: skip
    if roots:
        environ["HUB_SSL_CA_CERTS"] = str(own.cert)
    process = start("serve", "-o", "json", **environ, PORT="0")
    port = str(told_by(process)["port"])

    alive = invoke("check", "--live", **environ, PORT=port)
    process.terminate()
    finish(process)
    ended = invoke("check", "--live", **environ, PORT=port)

    assert (alive.code, ended.code) == (0, 1), alive.out


def found(name: str, **overrides: Any) -> tuple[str, str]:
    """Return state and text of a finding of `hub check`."""
    settings = Settings(port=0, **overrides)
    [finding] = [one for one in findings(settings) if one.name == name]
    return finding.state, finding.found


@pytest.mark.parametrize(
    ("days", "state", "text"),
    [
        pytest.param(3, "failed", "expired at", id="over"),
        pytest.param(0, "warning", "expires at", id="soon"),
        pytest.param(-30, "ok", "good until", id="fine"),
    ],
)
def test_check_looks_at_the_end_of_a_certificate(
    tmp_path: Path, own: Certificate, monkeypatch: pytest.MonkeyPatch,
    days: int, state: str, text: str,
) -> None:  # fmt: skip
    """Two weeks before it warns."""
    now_us = SystemClock().now_us() + days * 86_400 * 1_000_000
    monkeypatch.setattr("hub.clock.SystemClock.now_us", lambda _self: now_us)

    told = found(
        "certificate", database_url=f"sqlite:///{tmp_path}/hub.db",
        ssl_certfile=str(own.cert), ssl_keyfile=str(own.key),
    )  # fmt: skip

    assert told[0] == state
    assert text in told[1]


def test_check_fails_where_a_certificate_or_a_key_cannot_be_used(
    tmp_path: Path, own: Certificate
) -> None:
    """So would the start."""
    database = f"sqlite:///{tmp_path}/hub.db"

    state, text = found("certificate", database_url=database, ssl_certfile=str(own.key))
    finished = run("check", PORT="0", DATABASE_URL=database, JWT_PUBLIC_KEY="no key at all")

    assert (state, "cannot use" in text) == ("failed", True)
    assert finished.code == 1
    assert "JWT_PUBLIC_KEY: expected PEM" in finished.out
