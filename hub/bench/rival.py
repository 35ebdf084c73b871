"""The servers of a comparison: found on this machine, started on free ports, stopped."""

import contextlib
import getpass
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hub.bench.load import Target
from hub.errors import Unavailable
from hub.settings import names

_HERE = Path(__file__).parent / "rivals"
_NODE_FOLDERS = ("/usr/share/nodejs", "/usr/local/lib/node_modules", "/usr/lib/node_modules")
_NCHAN = "ngx_nchan_module.so"
_NGINX_FOLDERS = ("lib/nginx/modules", "lib64/nginx/modules", "share/nginx/modules")
_START_S = 20.0
_STOP_S = 15.0


class Rival(NamedTuple):
    """A server to compare with.

    Attributes:
        missing: In words what is not installed here; empty when all is there.
        command: What starts it, of a port and a folder for its files.
        environ: Variables that it needs besides our own.
        greets: See `Target`.
    """

    name: str
    missing: Callable[[], str]
    command: Callable[[int, Path], Sequence[str]]
    environ: Mapping[str, str]
    greets: bool = True


def rivals() -> Sequence[Rival]:
    """Return those that are known."""
    node = {"NODE_PATH": os.pathsep.join((str(Path.cwd() / "node_modules"), *_NODE_FOLDERS))}
    if os.environ.get("NODE_PATH"):
        node["NODE_PATH"] = os.environ["NODE_PATH"] + os.pathsep + node["NODE_PATH"]
    return (
        Rival("starlette loop", lambda: "", _starlette, {}),
        Rival("node ws", lambda: _no_node(node), _node, node),
        Rival("nchan", _no_nchan, _nginx, {}, greets=False),
    )


@contextlib.contextmanager
def started(rival: Rival, folder: Path) -> Iterator[Target]:
    """Run a rival.

    Raises:
        Unavailable: It does not start.
    """
    port = _free_port()
    folder.mkdir()
    with _process(rival.command(port, folder), rival.environ, folder) as process:
        _wait(process, port, folder)
        yield Target(
            rival.name, f"http://127.0.0.1:{port}", "/follow", "/publish", greets=rival.greets
        )


@contextlib.contextmanager
def fresh_hub(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a hub as `hub serve` does, with an empty log; its address.

    Raises:
        Unavailable: It does not start.
    """
    port = _free_port()
    folder.mkdir()
    # Not the settings of whoever measures: their log is not to be loaded.
    own = {name.env: "" for name in names()}
    environ = {**own, "PORT": str(port), "DATABASE_URL": f"sqlite:///{folder}/hub.db"}
    command = [sys.executable, "-m", "hub", "serve"]
    with _process(command, {**environ, **(settings or {})}, folder) as process:
        _wait(process, port, folder)
        yield f"http://127.0.0.1:{port}"


def _starlette(port: int, _folder: Path) -> Sequence[str]:
    module = "hub.bench.rivals.starlette_loop:app"
    quiet = ("--no-access-log", "--log-level", "warning")
    return (sys.executable, "-m", "uvicorn", module, "--port", str(port), *quiet)


def _node(port: int, _folder: Path) -> Sequence[str]:
    return ("node", str(_HERE / "ws.js"), str(port))


def _no_node(environ: Mapping[str, str]) -> str:
    if shutil.which("node") is None:
        return "node is not installed"
    found = subprocess.run(
        ["node", "-e", "require('ws')"],  # noqa: S607 the user's own
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
    )
    return "the package ws is not installed (npm install ws)" if found.returncode else ""


def _nginx(port: int, folder: Path) -> Sequence[str]:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    user = getpass.getuser()
    text = (_HERE / "nchan.conf").read_text()
    for name, value in (
        ("MODULE", str(_nchan_module())),
        # As root nginx would run as nobody, who cannot enter the folder.
        ("USER", f"user {user};" if os.geteuid() == 0 else ""),
        ("FILES", str(min(files, 1_000_000))),
        ("FOLDER", str(folder)),
        ("PORT", str(port)),
    ):
        text = text.replace(f"@{name}@", value)
    file = folder / "nginx.conf"
    file.write_text(text)
    return (str(_nginx_program()), "-p", str(folder), "-c", str(file))


def _no_nchan() -> str:
    if _nginx_program() is None:
        return "nginx is not installed"
    return "" if _nchan_module() else "nginx has no module nchan (libnginx-mod-nchan)"


def _nginx_program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _nchan_module() -> Path | None:
    roots = (Path("/usr"), Path("/usr/local"), Path("/usr/local/nginx"))
    places = (root / folder / _NCHAN for root in roots for folder in (*_NGINX_FOLDERS, "modules"))
    return next((place for place in places if place.is_file()), None)


@contextlib.contextmanager
def _process(
    command: Sequence[str], environ: Mapping[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 our own commands
            command,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            # Ctrl-C is for us; we stop it ourselves.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        if _answers(port):
            return
        time.sleep(0.05)
    said = (folder / "stderr").read_text(errors="replace").strip().splitlines()
    name = Path(str(process.args[0])).name if isinstance(process.args, Sequence) else "it"
    raise Unavailable(f"{name} does not start: {said[-1] if said else 'it says nothing'}")


def _answers(port: int) -> bool:
    # An answer of whatever kind: a socket that takes connections is not yet a server.
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
        probe.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return bool(probe.recv(1))
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
