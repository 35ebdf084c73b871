"""What the dashboard is made of, in a checkout and where the hub is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hub.transports.http.site.static import dashboard_leaves

ROOT = Path(__file__).parents[3]
# Run on the wheel alone: prints what it would serve.
ASK = "from hub.transports.http.site.static import dashboard_leaves as f; print(*sorted(f()))"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "installed")
    return folder / "installed"


def test_a_wheel_serves_the_same_files(installed: Path) -> None:
    """The client comes from the package: beside it there is no checkout."""
    told = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=installed,
        env={"PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert told.stdout.split() == sorted(dashboard_leaves())
    for file in (installed / "hub/web/client").rglob("*.js"):
        source = ROOT / "clients/javascript/src" / file.relative_to(installed / "hub/web/client")
        assert file.read_bytes() == source.read_bytes()


def test_an_image_is_built_from_what_the_wheel_needs() -> None:
    """The Dockerfile copies every folder that the wheel takes in."""
    copied = (ROOT / "Dockerfile").read_text()

    assert "COPY clients/javascript/src clients/javascript/src" in copied
    assert "COPY hub hub" in copied
