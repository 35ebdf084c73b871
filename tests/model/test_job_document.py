"""How a job is told."""

import msgspec

from hub.model.job import Artifact, InputRequest, Job, Progress
from hub.model.job_document import artifact_address, to_data, to_document, to_draft, to_entry

BARE = Job(
    job_id="j-1", owner="anna", status="PENDING", created_at_us=0, updated_at_us=1, revision=3
)
SEED_0 = {
    "job_id", "status", "created_at", "updated_at",
    "input_data", "progress", "artifacts", "metadata",
}  # fmt: skip


def test_a_bare_job_has_exactly_the_fields_of_seed_0() -> None:
    """What extends the document is only there when it says something."""
    told = msgspec.to_builtins(to_document(BARE))

    assert set(told) == SEED_0
    assert told["created_at"] == "1970-01-01T00:00:00.000000Z"


def test_what_extends_seed_0_is_told_when_it_is_there() -> None:
    """An answer of null, an empty message and an empty summary are answers."""
    told = msgspec.structs.replace(
        BARE, message="", summary={}, input_request=InputRequest("Go on?"), input=None
    )

    document = msgspec.to_builtins(to_document(told))

    assert document["message"] == ""
    assert document["summary"] == {}
    assert document["input_request"] == {"prompt": "Go on?"}
    assert document["input"] is None


def test_the_event_leaves_out_what_the_job_was_created_from() -> None:
    """A `job_update` tells status, progress and message, always; not the input data."""
    data = msgspec.json.decode(to_data(msgspec.structs.replace(BARE, input_data={"big": "x"})))

    assert set(data) == SEED_0 - {"input_data"} | {"message"}
    assert data["message"] is None


def test_the_event_is_of_the_job() -> None:
    """History can be narrowed to one job by its id."""
    draft = to_draft(BARE)

    assert (draft.channel, draft.type, draft.key) == ("jobs", "job_update", "j-1")


def test_uploaded_artifacts_have_the_hubs_own_address() -> None:
    """Only what the hub holds is linked to the hub; a name is quoted, a label stays a label."""
    held = msgspec.structs.replace(
        BARE,
        artifacts=[Artifact("ü /#.txt", download_url="http://x/y"), Artifact("b", path="out/b")],
        uploads={"ü /#.txt": "id"},
    )

    first, second = to_document(held).artifacts

    assert first.download_url == "/api/jobs/j-1/artifacts/%C3%BC%20%2F%23.txt"
    assert first.download_url == artifact_address("j-1", "ü /#.txt")
    assert second == Artifact("b", path="out/b")


def test_an_entry_tells_message_and_step_of_the_job_unless_given_others() -> None:
    """A job's own history shows what was said at the time, as seed 0 does."""
    running = msgspec.structs.replace(
        BARE, message="Processing", progress=Progress(current_step="pop_processing")
    )

    assert to_entry(running)[1:] == (3, 1, "PENDING", "Processing", "pop_processing")
    assert to_entry(running, message="other", step="initialization")[4:] == (
        "other", "initialization"
    )  # fmt: skip
