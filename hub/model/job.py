"""Jobs (seed 0): reported from outside, where reports come late, twice and out of order.

Legal moves: PENDING may jump to any state, RUNNING and NEEDS_INPUT to each other and to the
end, DONE and FAILED nowhere. The same end again is a no-op. Progress never falls within a
status.
"""

from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import quote

import msgspec

from hub.errors import FieldError, IllegalTransition, InvalidFields
from hub.model.contract import shown
from hub.model.event import JOBS, Draft
from hub.model.timestamp import to_rfc3339

Status = Literal["PENDING", "RUNNING", "NEEDS_INPUT", "FAILED", "DONE"]
STATUSES: tuple[str, ...] = get_args(Status)
TERMINAL = frozenset({"DONE", "FAILED"})
MAX_PERCENTAGE = 100
MAX_NAME = 255
_MAX_COUNT = 2**53
LEGAL_NEXT: dict[str, tuple[str, ...]] = {
    "PENDING": ("PENDING", "RUNNING", "NEEDS_INPUT", "FAILED", "DONE"),
    "RUNNING": ("RUNNING", "NEEDS_INPUT", "FAILED", "DONE"),
    "NEEDS_INPUT": ("NEEDS_INPUT", "RUNNING", "FAILED", "DONE"),
    "FAILED": (),
    "DONE": (),
}


class Progress(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How far a job is. `percentage` is 0 to 100."""

    current_step: str | None = None
    total_steps: int | None = None
    completed_steps: int | None = None
    percentage: float | None = None
    estimated_remaining: str | None = None


class Artifact(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A result of a job.

    `path` is the reporter's label and is never opened. `download_url` is the hub's own
    address once the content was uploaded, else whatever http(s) link was reported.
    """

    name: str
    path: str | None = None
    type: str | None = None
    size: int | None = None
    download_url: str | None = None
    description: str | None = None


class InputRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a job asks of a person: a question, and a JSON Schema that the answer must meet."""

    prompt: str
    schema: dict[str, Any] | None = None


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """One job, in the shape of seed 0; `message`, `summary`, `input_request` and `input` extend it.

    Attributes:
        revision: Grows by one with each stored change; orders the job's own history.
        uploads: Names of artifacts whose content the hub holds, with its file's id.
    """

    job_id: str
    owner: str
    status: Status
    created_at_us: int
    updated_at_us: int
    revision: int = 1
    input_data: dict[str, Any] = {}
    progress: Progress = Progress()
    artifacts: list[Artifact] = []
    metadata: dict[str, Any] = {}
    message: str | None = None
    summary: dict[str, Any] | None = None
    input_request: InputRequest | None = None
    input: Any = None
    uploads: dict[str, str] = {}


class JobEntry(NamedTuple):
    """One line of a job's own history."""

    job_id: str
    revision: int
    at_us: int
    status: str
    message: str | None
    step: str | None


def check_move(job: Job, to: str) -> None:
    """Refuse a move that the table does not allow.

    Raises:
        IllegalTransition: Names the legal next states.
    """
    legal = LEGAL_NEXT[job.status]
    if to not in legal:
        names = ", ".join(legal) or "none, it is final"
        raise IllegalTransition(
            f"job {job.job_id} is {job.status}: expected its next state ({names}), got {to}",
            legal_next=legal,
        )


def merge_progress(old: Progress, new: Progress | None, *, same_status: bool) -> Progress:
    """Return what is shown after a report: fields it leaves out stay, and nothing falls.

    Late reports arrive out of order; a bar that jumps back is a lie about work done.
    """
    if new is None:
        return old
    merged = {
        name: getattr(old, name) if getattr(new, name) is None else getattr(new, name)
        for name in Progress.__struct_fields__
    }
    if same_status:
        for name in ("percentage", "completed_steps"):
            merged[name] = _higher(getattr(old, name), merged[name])
    return Progress(**merged)


def merge_artifacts(old: list[Artifact], reported: list[Artifact] | None) -> list[Artifact]:
    """Return the artifacts by name, a report adding to what was uploaded before it."""
    merged = {artifact.name: artifact for artifact in old}
    for new in reported or ():
        before = merged.get(new.name)
        merged[new.name] = _overlay(before, new) if before else new
    return list(merged.values())


def check_progress(progress: Progress | None) -> None:
    """Refuse numbers that no bar can show.

    Raises:
        InvalidFields: A percentage outside 0 to 100 or a negative count.
    """
    if progress is None:
        return
    faults = []
    if progress.percentage is not None and not 0 <= progress.percentage <= MAX_PERCENTAGE:
        faults.append(FieldError("$.progress.percentage", "0 to 100", shown(progress.percentage)))
    for name in ("total_steps", "completed_steps"):
        count = getattr(progress, name)
        if count is not None and not 0 <= count < _MAX_COUNT:
            faults.append(FieldError(f"$.progress.{name}", "0 or more", shown(count)))
    if faults:
        raise InvalidFields(faults)


def check_artifacts(artifacts: list[Artifact] | None, where: str) -> None:
    """Refuse artifacts without a usable name, with a wrong size, or with a link that is no link.

    Raises:
        InvalidFields: Names the artifact and the field.
    """
    faults = []
    for index, artifact in enumerate(artifacts or ()):
        at = f"{where}[{index}]"
        if not is_artifact_name(artifact.name):
            expected = "1 to 255 characters without / or control characters"
            faults.append(FieldError(f"{at}.name", expected, shown(artifact.name)))
        if artifact.size is not None and not 0 <= artifact.size < _MAX_COUNT:
            faults.append(FieldError(f"{at}.size", "0 or more bytes", shown(artifact.size)))
        link = artifact.download_url
        if link is not None and not link.startswith(("http://", "https://")):
            faults.append(FieldError(f"{at}.download_url", "an http(s) link", shown(link)))
    if faults:
        raise InvalidFields(faults)


def is_artifact_name(name: str) -> bool:
    """Say whether a name can stand in an address and in a Content-Disposition header."""
    return (
        0 < len(name) <= MAX_NAME
        and name not in {".", ".."}
        and not any(char in "/\\" or not char.isprintable() for char in name)
    )


def _higher(old: float | None, new: Any) -> Any:
    return new if old is None or (new is not None and new >= old) else old


def _overlay(old: Artifact, new: Artifact) -> Artifact:
    fields = Artifact.__struct_fields__
    return Artifact(**{f: getattr(new, f) or getattr(old, f) for f in fields})


class HistoryEntry(msgspec.Struct, kw_only=True):
    """One entry of `history`, as seed 0 shows it."""

    timestamp: str
    status: str
    message: str | None
    step: str | None


class JobDocument(msgspec.Struct, kw_only=True):
    """A job as its readers get it: seed 0's structure; the last four fields extend it."""

    job_id: str
    status: Status
    created_at: str
    updated_at: str
    input_data: dict[str, Any]
    progress: Progress
    artifacts: list[Artifact]
    metadata: dict[str, Any]
    message: str | msgspec.UnsetType = msgspec.UNSET
    summary: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    input_request: InputRequest | msgspec.UnsetType = msgspec.UNSET
    input: Any = msgspec.UNSET


def to_document(job: Job) -> JobDocument:
    """Return the job as its readers get it."""
    return JobDocument(
        job_id=job.job_id,
        status=job.status,
        created_at=to_rfc3339(job.created_at_us),
        updated_at=to_rfc3339(job.updated_at_us),
        input_data=job.input_data,
        progress=job.progress,
        artifacts=[_linked(job, artifact) for artifact in job.artifacts],
        metadata=job.metadata,
        message=job.message or msgspec.UNSET,
        summary=job.summary or msgspec.UNSET,
        input_request=job.input_request or msgspec.UNSET,
        input=msgspec.UNSET if job.input is None else job.input,
    )


def to_data(job: Job) -> bytes:
    """Return the `data` of a `job_update`: the job without what it was created from."""
    document = msgspec.structs.asdict(to_document(job))
    del document["input_data"]
    document.setdefault("message", None)
    return msgspec.json.encode({k: v for k, v in document.items() if v is not msgspec.UNSET})


def to_draft(job: Job) -> Draft:
    """Return the event that tells of the job's newest state."""
    return Draft(channel=JOBS, type="job_update", data=to_data(job), key=job.job_id)


def to_entry(job: Job) -> JobEntry:
    """Return the line of the job's own history for its newest state."""
    step = job.progress.current_step
    return JobEntry(job.job_id, job.revision, job.updated_at_us, job.status, job.message, step)


def artifact_address(job_id: str, name: str) -> str:
    """Return the path under which the hub serves an uploaded artifact."""
    return f"/api/jobs/{job_id}/artifacts/{quote(name, safe='')}"


def _linked(job: Job, artifact: Artifact) -> Artifact:
    if artifact.name not in job.uploads:
        return artifact
    address = artifact_address(job.job_id, artifact.name)
    return msgspec.structs.replace(artifact, download_url=address)
