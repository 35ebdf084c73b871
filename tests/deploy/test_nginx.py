"""A hub behind a real nginx with the file of `examples/deploy`: nothing is lost on the way."""

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from hub.settings import Settings
from support.certificates import certificate
from support.deploy_files import DEPLOY
from support.nginx_server import configured, judged, nginx_server
from support.redis_server import free_port
from support.running import CONTRACT, HubProcess, hub_process

FILE = (DEPLOY / "nginx" / "hub.conf").read_text()
KEY = "a-key-that-nobody-guesses-0002"
BEARER = {"Authorization": f"Bearer {KEY}"}
# In place of 90 s and 25 s: a socket that is silent for a second is cut.
IDLE_S, HEARTBEAT_S = 1, 0.25
LONG = 6


class Front(NamedTuple):
    """A hub behind nginx."""

    hub: HubProcess
    port: int
    plain: int
    tls: ssl.SSLContext

    @property
    def url(self) -> str:
        """Return its address."""
        return f"https://127.0.0.1:{self.port}"

    def client(self, **options: Any) -> httpx.Client:
        """Return one with a key."""
        return httpx.Client(base_url=self.url, headers=BEARER, verify=self.tls, **options)

    def socket(self, address: str = "/ws", **options: Any) -> ClientConnection:
        """Return an open socket; the first frame was the welcome."""
        opened = connect(
            f"wss://127.0.0.1:{self.port}{address}",
            ssl=self.tls,
            additional_headers=BEARER,
            legacy=True,
            **options,
        )
        assert json.loads(opened.recv())["type"] == "welcome"
        return opened


def front_of(hub: HubProcess, folder: Path) -> tuple[Front, Path]:
    """Write the configuration; of its two nodes the first is dead."""
    made = certificate(folder, "127.0.0.1")
    front = Front(hub, free_port(), free_port(), ssl.create_default_context(cafile=made.cert))
    changes = {
        "listen 80;": f"listen 127.0.0.1:{front.plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{front.port} ssl;",
        "/etc/nginx/tls/chain.pem": str(made.cert),
        "/etc/nginx/tls/key.pem": str(made.key),
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{free_port()};",
        "server 127.0.0.1:8001;": f"server 127.0.0.1:{hub.port};",
        "proxy_read_timeout 90s;": f"proxy_read_timeout {IDLE_S}s;",
    }
    return front, configured(folder, FILE, changes)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A hub behind nginx."""
    folder = tmp_path_factory.mktemp("front")
    settings = {
        "API_KEY": KEY,
        "HUB_TRUSTED_PROXIES": "127.0.0.1",
        "HUB_HEARTBEAT_S": str(HEARTBEAT_S),
    }
    with hub_process(folder, **settings) as hub:
        made, main = front_of(hub, folder)
        with nginx_server(main, made.port):
            yield made


def frames(opened: ClientConnection, kind: str, count: int) -> list[dict[str, Any]]:
    """Return the next frames of a type."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        frame = json.loads(opened.recv())
        if frame["type"] == kind:
            found.append(frame)
    return found


def test_nginx_takes_the_file(tmp_path: Path) -> None:
    """As it stands, but for the certificate, without a warning."""
    made = certificate(tmp_path, "127.0.0.1")
    changes = {
        "/etc/nginx/tls/chain.pem": str(made.cert),
        "/etc/nginx/tls/key.pem": str(made.key),
    }

    found = judged(configured(tmp_path, FILE, changes))

    assert found.returncode == 0, found.stderr
    assert "warn" not in found.stderr


def test_a_silent_socket_lives_longer_than_the_proxy_waits(front: Front) -> None:
    """Heartbeats keep it; what comes after the time is heard."""
    with front.socket() as opened, front.client() as client:
        beats = frames(opened, "heartbeat", round(LONG * IDLE_S / HEARTBEAT_S))
        answer = client.post("/update", json=CONTRACT)
        (event,) = frames(opened, "contract_update", 1)

    assert answer.status_code == 200
    assert event["id"] == answer.json()["id"]
    assert len(beats) * HEARTBEAT_S > IDLE_S


def test_a_proxy_that_waits_less_than_a_heartbeat_cuts(tmp_path: Path) -> None:
    """Which is why the file waits for longer than HUB_HEARTBEAT_S, by its default, twice over."""
    default_s = Settings().heartbeat_s
    with hub_process(tmp_path, API_KEY=KEY, HUB_TRUSTED_PROXIES="127.0.0.1") as hub:
        made, main = front_of(hub, tmp_path)
        with (
            nginx_server(main, made.port),
            made.socket() as opened,
            pytest.raises(ConnectionClosed),
        ):
            opened.recv()

    (waits_s,) = re.findall(r"proxy_read_timeout (\d+)s;", FILE)
    assert int(waits_s) > 2 * default_s


def test_an_event_stream_comes_at_once(front: Front) -> None:
    """Nothing waits in a buffer of the proxy until there is more."""
    with (
        front.client() as client,
        client.stream("GET", "/api/events?channels=contracts") as stream,
    ):
        lines = stream.iter_lines()
        while next(lines) != "event: subscribed":
            pass
        sent = client.post("/update", json={**CONTRACT, "contract_id": "streamed"}).json()
        found = next(line for line in lines if '"contract_update"' in line)

    assert sent["id"] in found


def test_clients_keep_their_addresses(front: Front) -> None:
    """The hub believes the proxy, and not what a client says of itself."""
    liar = {**BEARER, "X-Forwarded-For": "198.51.100.7"}
    with httpx.Client(
        transport=httpx.HTTPTransport(local_address="127.0.0.2", verify=front.tls), headers=liar
    ) as client:
        answer = client.get(f"{front.url}/contracts/status")
        refused = client.get(
            f"{front.url}/contracts/status", headers={"Authorization": "Bearer wrong"}
        )
    with front.socket(source_address=("127.0.0.2", 0)) as opened:
        (beat,) = frames(opened, "heartbeat", 1)
    peer = peer_of(front, beat["client_id"])

    assert (answer.status_code, refused.status_code) == (200, 401)
    assert peer == "127.0.0.2"


def peer_of(front: Front, client_id: str) -> object:
    """Return the address of a socket that has ended, as the log says it."""
    while True:
        for line in (front.hub.folder / "hub.log").read_text().splitlines():
            if client_id in line and "close_code" in line:
                return json.loads(line).get("peer")


def test_a_large_artifact_goes_through(front: Front) -> None:
    """The hub's limits hold, not the 1 MiB of nginx."""
    content = b"x" * 3 * 1024**2
    with front.client() as client:
        job = client.post("/api/jobs", json={}).json()["job_id"]
        where = f"/api/jobs/{job}/artifacts/large.bin"
        put = client.put(where, content=content)
        got = client.get(where)

    assert put.is_success, put.text
    assert got.content == content


def test_plain_http_leads_to_tls(front: Front) -> None:
    """Nobody sends a token in the clear twice."""
    answer = httpx.get(f"http://127.0.0.1:{front.plain}/ready?degraded=ok")

    assert answer.status_code == 301
    assert answer.headers["location"] == "https://127.0.0.1/ready?degraded=ok"
