"""The page, built and served as its README says, and a hub that lets it in."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import HubProcess, hub_process

FOLDER = Path(__file__).parent.parent.parent / "examples/scene3d"


def run(*command: str) -> str:
    """Return what one of the example's commands says; it must go well."""
    assert shutil.which("npm"), "the tests need npm: sh .ci/tools"
    assert (FOLDER / "node_modules/vite").is_dir(), (
        "the tests need npm packages: sh .ci/packages examples/scene3d"
    )
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-3_000:]
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Vite has made; one of our own, because another worker may build, too."""
    folder = tmp_path_factory.mktemp("dist")
    run("npm", "run", "build", "--", "--outDir", str(folder), "--emptyOutDir")
    return folder


@pytest.fixture(scope="session")
def origin(built: Path) -> Iterator[str]:
    """Where the page is served, by what `npm run serve` runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        ["node", "node_modules/vite/bin/vite.js", "preview", "--outDir", built],  # noqa: S607
        cwd=FOLDER,
        env={**os.environ, "SCENE_PORT": str(port), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = f"http://127.0.0.1:{port}"
    assert any(address in line for line in process.stdout), "vite preview has ended"
    yield address
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def city_hub(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that the page may ask."""
    with hub_process(tmp_path_factory.mktemp("hub"), CORS_ORIGINS=origin) as process:
        yield process
