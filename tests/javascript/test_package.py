"""The package as npm would publish it: what is in it, its types, and the README's programs."""

import asyncio
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest

from javascript.write_types import PATH, written
from support.javascript import FOLDER, node
from support.running import CONTRACT, HubProcess

NEIGHBOURS = ("@msgpack", "@types", "react", "ws", "csstype")
BLOCK = re.compile(r"```js\n(.*?)```", re.DOTALL)
SHIM = 'import WebSocket from "ws";\nglobalThis.WebSocket ??= WebSocket;\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's project, with the packed package installed."""
    folder = tmp_path_factory.mktemp("project")
    modules = folder / "node_modules"
    modules.mkdir()
    for name in NEIGHBOURS:
        (modules / name).symlink_to(FOLDER / "node_modules" / name)
    # Packing writes types: in a copy, because another worker may pack at the same time.
    source = folder / "source"
    shutil.copytree(FOLDER, source, ignore=shutil.ignore_patterns("node_modules", "types"))
    (source / "node_modules").symlink_to(FOLDER / "node_modules")
    done = subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", folder],  # noqa: S607 as people run it
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as tar:
        tar.extractall(folder, filter="data")
    (folder / "package").rename(modules / "hub-client")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def test_it_holds_sources_types_and_readme_and_nothing_else(project: Path) -> None:
    """No tests, no settings of ours; and nothing is built."""
    package = project / "node_modules/hub-client"
    there = {path.name for path in package.iterdir()}

    assert there == {"package.json", "README.md", "LICENSE", "src", "types"}
    assert {path.suffix for path in (package / "src").iterdir()} == {".js"}
    assert (package / "LICENSE").read_text() == (FOLDER.parents[1] / "LICENSE").read_text()
    assert (package / "src/client.js").read_text() == (FOLDER / "src/client.js").read_text()


def test_the_types_hold(project: Path) -> None:
    """`tsc`, strict, over plain JavaScript with its types in comments: packing begins with it."""
    assert (project / "node_modules/hub-client/types/index.d.ts").exists()


def test_a_program_in_typescript_sees_its_types(project: Path) -> None:
    """Contracts are contracts, options that do not exist are errors, all subpaths are there."""
    (project / "consumer.ts").write_text((FOLDER / "test/support/consumer.ts").read_text())

    done = subprocess.run(
        [node(), FOLDER / "node_modules/typescript/bin/tsc", "--noEmit", "--strict",
         "--skipLibCheck", "--target", "ES2022", "--module", "NodeNext", "consumer.ts"],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


def blocks() -> list[str]:
    """Return the README's programs."""
    return BLOCK.findall((FOLDER / "README.md").read_text())


async def run(project: Path, program: str) -> asyncio.subprocess.Process:
    """Run a program in the project."""
    (project / "program.js").write_text(SHIM + program)
    return await asyncio.create_subprocess_exec(
        node(), "program.js", cwd=project,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def says(process: asyncio.subprocess.Process, line: str) -> None:
    """Wait until a program has said a line."""
    assert process.stdout is not None
    said = []
    async with asyncio.timeout(60):
        async for text in process.stdout:
            said.append(text.decode().strip())
            if re.fullmatch(line, said[-1]):
                return
    raise AssertionError(said)


async def test_the_readmes_first_program_runs(project: Path, hub: HubProcess) -> None:
    """As it stands there, but for the address: it connects, loads, and shows what is posted."""
    process = await run(project, blocks()[0].replace("http://localhost:8000", hub.url))
    await says(process, r"\d+ contracts")

    async with httpx.AsyncClient(base_url=hub.url) as http:
        (await http.post("/update", json=CONTRACT)).raise_for_status()

    await says(process, r"active [0-9a-f]+:\d+")
    process.kill()
    await process.wait()


async def test_the_readmes_loop_goes_on_where_it_stood(project: Path, hub: HubProcess) -> None:
    """A stored position, a body that awaits, each job once."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        before = (await http.get("/api/channels/jobs")).json()["head"]
        epoch = (await http.get("/api/channels/jobs/history")).json()["epoch"]
        for _ in range(2):
            (await http.post("/api/jobs", json={})).raise_for_status()
    loop = blocks()[2].replace("store(event.position);", "console.log(event.position);")
    names = [
        'import { HubClient } from "hub-client";',
        f'const stored = "{epoch}:{before}";',
        "const handle = async () => {};",
        f'const hub = new HubClient("{hub.url}");',
    ]

    process = await run(project, "\n".join([*names, loop]))

    await says(process, f"{epoch}:{before + 1}")
    await says(process, f"{epoch}:{before + 2}")
    process.kill()
    await process.wait()


@pytest.mark.parametrize("number", range(len(blocks())))
def test_every_program_of_the_readme_is_a_program(project: Path, number: int) -> None:
    """What is shown can be parsed."""
    (project / "shown.mjs").write_text(blocks()[number])

    done = subprocess.run(
        [node(), "--check", "shown.mjs"], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_types_of_the_wire_are_those_that_the_hub_serves() -> None:
    """`make types` writes them."""
    assert PATH.read_text() == written(), "the types are stale: make types"
