"""An nginx of our own for tests: with a server of `examples/deploy`, on free ports."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PATIENCE_S = 10.0
MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {server};
}}
"""


def nginx_binary() -> str:
    """Return nginx; skip the test where there is none, but never in CI."""
    # Debian puts it where only root looks.
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no nginx: apt-get install nginx-light")
    assert binary is not None
    return binary


def configured(folder: Path, server: str, changes: Mapping[str, str]) -> Path:
    """Write a configuration with this server, with some of its words changed."""
    for old, new in changes.items():
        assert old in server, f"expected {old!r} in the file"
        server = server.replace(old, new)
    (folder / "server.conf").write_text(server)
    main = folder / "nginx.conf"
    main.write_text(MAIN.format(folder=folder, server=folder / "server.conf"))
    return main


def judged(main: Path) -> "subprocess.CompletedProcess[str]":
    """Run `nginx -t`."""
    command = [nginx_binary(), "-t", "-e", "stderr", "-p", str(main.parent), "-c", str(main)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def nginx_server(main: Path, port: int) -> Iterator[None]:
    """Run it until the end of the block; it listens on `port` then."""
    command = [nginx_binary(), "-e", "stderr", "-p", str(main.parent), "-c", str(main)]
    with (main.parent / "nginx.log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log)
    until = time.monotonic() + PATIENCE_S
    while not _listens(port):
        assert process.poll() is None, (main.parent / "nginx.log").read_text()
        assert time.monotonic() < until, "nginx does not listen"
        time.sleep(0.01)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
