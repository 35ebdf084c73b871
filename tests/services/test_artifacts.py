"""Artifacts: whole or not at all, replaced in one step, swept when nobody names them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from hub.errors import (
    ArtifactNotFound,
    BodyTooLarge,
    ConnectionEnded,
    Draining,
    InvalidFields,
    JobNotFound,
    LogUnavailable,
    OutcomeUnknown,
)
from hub.services import artifacts as artifacts_module
from hub.services.artifacts import Artifacts, Content, File, Link, files_in, sweep
from hub.services.job_reports import Completion, NewJob
from support.use_cases import ANNA, UseCases


async def chunks(*pieces: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    """Yield the pieces, and fail if told to."""
    for piece in pieces:
        yield piece
    if then is not None:
        raise then


@pytest.fixture
async def job_id(hub: UseCases) -> str:
    """A job that artifacts can belong to."""
    answered = await hub.jobs.create(ANNA, NewJob(), None)
    created: str = msgspec.json.decode(answered.body)["job_id"]
    return created


def files(hub: UseCases) -> list[bytes]:
    """Return the content of every file in the folder."""
    return sorted(path.read_bytes() for path in hub.folder.iterdir()) if hub.folder.exists() else []


async def upload(hub: UseCases, job_id: str, name: str, *pieces: bytes) -> Any:
    """Upload the pieces and return the answer."""
    content = Content(chunks(*pieces))
    return msgspec.json.decode((await hub.artifacts.upload(ANNA, job_id, name, content)).body)


async def stored(hub: UseCases, job_id: str, name: str) -> bytes:
    """Return the content the hub would serve."""
    found = await hub.artifacts.find(ANNA, job_id, name)
    assert isinstance(found, File)
    return found.path.read_bytes()


async def test_what_was_uploaded_is_found_and_told(hub: UseCases, job_id: str) -> None:
    """The content is kept byte for byte, and a `job_update` tells its name, size and address."""
    await upload(hub, job_id, "a.txt", b"ab", b"", b"c")

    told = msgspec.json.decode(hub.told[-1].data)["artifacts"]
    assert await stored(hub, job_id, "a.txt") == b"abc"
    assert told == [
        {"name": "a.txt", "size": 3, "download_url": f"/api/jobs/{job_id}/artifacts/a.txt"}
    ]  # fmt: skip


async def test_a_name_never_reaches_the_file_system(hub: UseCases, job_id: str) -> None:
    """Files are named by the hub."""
    await upload(hub, job_id, "~root.txt", b"x")

    assert [len(path.name) for path in hub.folder.iterdir()] == [32]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(Content(chunks(b"x" * 1_001)), BodyTooLarge, id="one byte over the limit"),
        pytest.param(Content(chunks(), 1_001), BodyTooLarge, id="told beforehand to be over"),
        pytest.param(
            Content(chunks(b"x", then=ConnectionEnded("gone"))), ConnectionEnded,
            id="a client that goes away in the middle",
        ),
        pytest.param(
            Content(chunks(b"x", then=OSError(28, "No space left"))), LogUnavailable,
            id="a disk that is full",
        ),
        pytest.param(Content(chunks(b"x", then=ValueError("bug"))), ValueError, id="a bug"),
    ],
)  # fmt: skip
async def test_what_does_not_arrive_whole_leaves_nothing(
    hub: UseCases, job_id: str, content: Content, error: type[Exception]
) -> None:
    """No file, no event, no artifact."""
    with pytest.raises(error):
        await hub.artifacts.upload(ANNA, job_id, "a.txt", content)

    assert files(hub) == []
    assert len(hub.told) == 1


async def test_exactly_the_limit_is_taken(hub: UseCases, job_id: str) -> None:
    """The limit is what fits, not what is refused."""
    answer = await upload(hub, job_id, "a.txt", b"x" * 1_000)

    assert answer["applied"] is True


@pytest.mark.parametrize("name", ["..", "a/b", "a\nb", "x" * 256])
async def test_a_name_that_is_none_is_refused(hub: UseCases, job_id: str, name: str) -> None:
    """Before anything is read or written."""
    with pytest.raises(InvalidFields, match="name"):
        await upload(hub, job_id, name, b"x")

    assert files(hub) == []


async def test_nothing_is_kept_for_a_job_that_is_not_there(hub: UseCases) -> None:
    """The job is looked up before the content is read."""
    with pytest.raises(JobNotFound):
        await upload(hub, "nobody", "a.txt", b"x")

    assert files(hub) == []


async def test_a_refused_commit_takes_its_file_with_it(hub: UseCases, job_id: str) -> None:
    """A hub that is stopping says so and keeps nothing."""
    await hub.publisher.close()

    with pytest.raises(Draining):
        await upload(hub, job_id, "a.txt", b"x")

    assert files(hub) == []


class Unsure:
    """Jobs whose commits end in doubt."""

    def __init__(self, hub: UseCases) -> None:
        self.get = hub.jobs.get

    async def attach(self, *_args: object) -> Any:
        """Fail as a disk does at COMMIT."""
        raise OutcomeUnknown("the disk failed at the commit")


async def test_a_file_stays_while_the_log_may_name_it(hub: UseCases, job_id: str) -> None:
    """When the commit may stand, the content must; the next start decides."""
    unsure: Any = Unsure(hub)
    uploads = Artifacts(unsure, hub.folder, 1_000)

    with pytest.raises(OutcomeUnknown):
        await uploads.upload(ANNA, job_id, "a.txt", Content(chunks(b"x")))
    kept = files(hub)
    await sweep(hub.log, hub.folder, files_in(hub.folder))

    assert (kept, files(hub)) == ([b"x"], [])


async def test_a_second_upload_replaces_the_first(
    hub: UseCases, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers find the old content or the new, never a mixture; the old file goes later."""
    monkeypatch.setattr(artifacts_module, "GRACE_S", 0)
    await upload(hub, job_id, "a.txt", b"old")
    before = await hub.artifacts.find(ANNA, job_id, "a.txt")

    await upload(hub, job_id, "a.txt", b"newer")

    assert await stored(hub, job_id, "a.txt") == b"newer"
    assert await hub.artifacts.find(ANNA, job_id, "a.txt") != before
    assert files(hub) == [b"newer"]
    assert len((await hub.jobs.get(ANNA, job_id)).artifacts) == 1


async def test_a_failed_replacement_leaves_the_old_content(hub: UseCases, job_id: str) -> None:
    """What was there stays until the new one is whole."""
    await upload(hub, job_id, "a.txt", b"old")

    with pytest.raises(BodyTooLarge):
        await upload(hub, job_id, "a.txt", b"x" * 2_000)

    assert await stored(hub, job_id, "a.txt") == b"old"
    assert files(hub) == [b"old"]


async def test_a_replaced_file_can_still_be_opened_for_a_while(hub: UseCases, job_id: str) -> None:
    """Who was told of it a moment ago is about to open it."""
    await upload(hub, job_id, "a.txt", b"old")
    before = await hub.artifacts.find(ANNA, job_id, "a.txt")
    assert isinstance(before, File)

    await upload(hub, job_id, "a.txt", b"new")

    assert before.path.read_bytes() == b"old"


async def test_a_reported_path_is_a_label(hub: UseCases, job_id: str, tmp_path: Path) -> None:
    """The hub never opens a path that somebody reports, even where a file is."""
    (tmp_path / "secret").write_text("secret")
    told = {"name": "a", "path": str(tmp_path / "secret")}
    end = msgspec.convert({"final_status": "DONE", "final_artifacts": [told]}, Completion)
    await hub.jobs.complete(ANNA, job_id, end, None)

    with pytest.raises(ArtifactNotFound):
        await hub.artifacts.find(ANNA, job_id, "a")


async def test_a_reported_link_is_handed_on(hub: UseCases, job_id: str) -> None:
    """The hub says where it is and does not go there."""
    told = {"name": "a", "download_url": "https://files.example/a"}
    end = msgspec.convert({"final_status": "DONE", "final_artifacts": [told]}, Completion)
    await hub.jobs.complete(ANNA, job_id, end, None)

    assert await hub.artifacts.find(ANNA, job_id, "a") == Link("https://files.example/a")


async def test_a_sweep_deletes_what_no_job_names(
    hub: UseCases, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between file and commit leaves an orphan, and only orphans go."""
    monkeypatch.setattr(artifacts_module, "_PAGE", 1)
    await upload(hub, job_id, "a.txt", b"named")
    await hub.jobs.create(ANNA, NewJob(), None)
    (hub.folder / ("f" * 32)).write_bytes(b"orphan")
    (hub.folder / "README").write_bytes(b"somebody's")

    with capture_logs() as lines:
        await sweep(hub.log, hub.folder, files_in(hub.folder))

    assert files(hub) == [b"named", b"somebody's"]
    assert [line["files"] for line in lines] == [1]


async def test_a_sweep_without_a_folder_finds_nothing(hub: UseCases) -> None:
    """A hub that never took an artifact has no folder."""
    assert files_in(hub.folder) == set()


async def test_a_sweep_leaves_alone_what_came_after_it_began(hub: UseCases, job_id: str) -> None:
    """It may run beside uploads: their files were not there when it was told what to look at."""
    before = files_in(hub.folder)
    await upload(hub, job_id, "a.txt", b"new")
    (hub.folder / ("f" * 32)).write_bytes(b"half of an upload")

    await sweep(hub.log, hub.folder, before)

    assert files(hub) == [b"half of an upload", b"new"]
