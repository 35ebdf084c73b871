"""Jobs (seed 0): reported from outside, where reports come late, twice and out of order.

Legal moves: PENDING may jump to any state, RUNNING and NEEDS_INPUT to each other and to the
end, DONE and FAILED nowhere. The same end again is a no-op. Progress never falls within a
status.
"""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

import msgspec

from hub.errors import FieldError, IllegalTransition, InvalidFields
from hub.model.contract import shown

Status = Literal["PENDING", "RUNNING", "NEEDS_INPUT", "FAILED", "DONE"]
STATUSES: tuple[str, ...] = get_args(Status)
TERMINAL = frozenset({"DONE", "FAILED"})
MAX_PERCENTAGE = 100
MAX_NAME = 255
MAX_ARTIFACTS = 100
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
        input: The answer to the last question; unset until there is one.
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
    input: Any = msgspec.UNSET
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


def merge_artifacts(
    old: list[Artifact], reported: list[Artifact] | None, held: Collection[str] = ()
) -> list[Artifact]:
    """Return the artifacts by name, a report adding to what is known of each.

    Args:
        old: What is known.
        reported: What is new; fields that it leaves out stay.
        held: Names of those whose content the hub holds: it knows their size better.

    Raises:
        InvalidFields: More than a job may have; every event of the job lists them all.
    """
    merged = {artifact.name: artifact for artifact in old}
    for new in reported or ():
        before = merged.get(new.name)
        if before is not None:
            size = before.size if new.name in held else new.size
            new = _overlay(before, msgspec.structs.replace(new, size=size))  # noqa: PLW2901
        merged[new.name] = new
    if len(merged) > MAX_ARTIFACTS:
        raise InvalidFields(
            [FieldError("artifacts", f"at most {MAX_ARTIFACTS} a job", str(len(merged)))]
        )
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
            faults.append(FieldError(f"$.progress.{name}", f"0 to {_MAX_COUNT - 1}", shown(count)))
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
        if link is not None and not is_link(link):
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


def is_link(text: str) -> bool:
    """Say whether a text is an http(s) address that somebody may be sent to."""
    # urlsplit would quietly drop line breaks from the middle of a link (CWE-113).
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _higher(old: float | None, new: Any) -> Any:
    return new if old is None or (new is not None and new >= old) else old


def _overlay(old: Artifact, new: Artifact) -> Artifact:
    fields = Artifact.__struct_fields__
    said = {name: getattr(new, name) for name in fields}
    return Artifact(**{n: getattr(old, n) if said[n] is None else said[n] for n in fields})
