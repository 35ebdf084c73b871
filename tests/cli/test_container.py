"""What stands in `Dockerfile` and `compose.yaml`, as far as it can be run without Docker."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from hub.cli.stop import GRACE_S
from hub.settings import load, names
from support.running import RunningHub

ROOT = Path(__file__).parents[2]
DOCKER_STOPS_WITHIN_S = 10
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def instruction(name: str) -> str:
    """Return the last instruction of a name, without the name."""
    return [line for line in DOCKERFILE.splitlines() if line.startswith(name)][-1][len(name) + 1 :]


def environment() -> dict[str, str]:
    """Return all that the image sets."""
    lines = [line for line in DOCKERFILE.splitlines() if line.startswith("ENV ")]
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(lines)))


def probe(port: str) -> int:
    """Run the image's health check in this environment."""
    _, _, command = instruction("HEALTHCHECK").partition("CMD")
    _, *arguments = json.loads(command)
    environ = {**os.environ, "PORT": port}
    return subprocess.run(
        [sys.executable, *arguments], env=environ, stderr=subprocess.DEVNULL, check=False
    ).returncode


def compose() -> dict[str, Any]:
    """Return `compose.yaml`."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


async def test_the_health_check_tells_a_hub_that_answers_from_none(hub: RunningHub) -> None:
    """Docker shows it, and whoever restarts the unhealthy goes by it."""
    port = hub.url.rpartition(":")[2]
    healthy = await asyncio.to_thread(probe, port)
    unhealthy = await asyncio.to_thread(probe, "1")

    assert (healthy, unhealthy) == (0, 1)


def test_the_image_sets_what_the_hub_reads() -> None:
    """A misspelt setting would be passed over, and the data would not lie on the volume."""
    environ = environment()

    settings, warnings = load(environ)

    assert set(environ) - {"PATH"} <= {name.env for name in names()}
    assert str(settings.data_file) == "/data/hub.db"
    assert str(settings.artifacts_folder) == "/data/artifacts"
    assert warnings == []


def test_a_stop_of_the_image_ends_before_docker_kills_it() -> None:
    """`docker stop` waits ten seconds and kills what has not ended by then."""
    settings, _ = load(environment())

    assert settings.drain_s + GRACE_S < DOCKER_STOPS_WITHIN_S


def test_the_image_runs_as_nobody_in_particular() -> None:
    """Not as root, and on the data's volume."""
    assert instruction("USER") == "hub"
    assert instruction("VOLUME") == "/data"
    assert json.loads(instruction("CMD")) == ["hub", "serve"]


def test_the_nodes_of_compose_are_one_hub() -> None:
    """Two ports, one Redis, one database, one folder of artifacts."""
    services = compose()["services"]
    nodes = [load(services[name]["environment"])[0] for name in ("one", "two")]

    one, two = nodes
    assert one.port != two.port
    assert one.redis_url == two.redis_url
    assert one.redis_url is not None
    assert one.postgres_url == two.postgres_url
    assert one.postgres_url is not None
    assert one.artifacts_folder == two.artifacts_folder


def test_the_image_carries_the_documentation() -> None:
    """A wheel is built with `docs/` in it, so that it has to be there when the image is built."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]

    assert wheel["sources"]["docs"] == "hub/web/docs"
    for folder in wheel["only-include"]:
        assert f"COPY {folder} {folder}\n" in DOCKERFILE
