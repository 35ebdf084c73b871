"""Jobs: legal moves, progress that never falls, artifacts."""

import pytest
from hypothesis import given, strategies as st

from hub.errors import IllegalTransition, InvalidFields
from hub.model.job import (
    LEGAL_NEXT,
    STATUSES,
    TERMINAL,
    Artifact,
    Job,
    Progress,
    check_artifacts,
    check_move,
    check_progress,
    is_artifact_name,
    is_link,
    merge_artifacts,
    merge_progress,
)


def job(status: str) -> Job:
    """Return a job in that status."""
    assert status in STATUSES
    return Job(job_id="j", owner="anna", status=status, created_at_us=0, updated_at_us=0)  # type: ignore[arg-type]


def test_the_table_has_a_row_for_each_status_of_seed_0() -> None:
    """The five words of the document, and no other, can be left and entered."""
    assert STATUSES == ("PENDING", "RUNNING", "NEEDS_INPUT", "FAILED", "DONE")
    assert set(LEGAL_NEXT) == set(STATUSES)
    assert {word for row in LEGAL_NEXT.values() for word in row} == set(STATUSES)


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_move_is_legal_or_refused_with_the_legal_ones(before: str, after: str) -> None:
    """PENDING goes anywhere, nothing goes back to it, and what is final stays."""
    legal = before == "PENDING" or (before not in TERMINAL and after != "PENDING")

    if legal:
        check_move(job(before), after)
    else:
        with pytest.raises(IllegalTransition) as refused:
            check_move(job(before), after)
        assert refused.value.legal_next == LEGAL_NEXT[before]
        assert before in str(refused.value)
        assert after in str(refused.value)


progress = st.builds(
    Progress,
    current_step=st.none() | st.sampled_from(["load", "check"]),
    total_steps=st.none() | st.integers(0, 9),
    completed_steps=st.none() | st.integers(0, 9),
    percentage=st.none() | st.floats(0, 100),
    estimated_remaining=st.none() | st.just("5 minutes"),
)


@given(progress, st.none() | progress)
def test_progress_never_falls_within_a_status(old: Progress, new: Progress | None) -> None:
    """Late reports arrive out of order; numbers that say how far stay, and nothing is lost."""
    merged = merge_progress(old, new, same_status=True)

    for name in ("percentage", "completed_steps"):
        before, after = getattr(old, name), getattr(merged, name)
        assert before is None or after >= before
    for name in Progress.__struct_fields__:
        assert getattr(old, name) is None or getattr(merged, name) is not None


@given(progress, progress)
def test_another_status_may_begin_anew(old: Progress, new: Progress) -> None:
    """Work that starts over after a question may show less than before."""
    merged = merge_progress(old, new, same_status=False)

    for name in Progress.__struct_fields__:
        told = getattr(new, name)
        assert getattr(merged, name) == (getattr(old, name) if told is None else told)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        pytest.param(Progress(percentage=-0.1), "percentage", id="less than nothing"),
        pytest.param(Progress(percentage=100.1), "percentage", id="more than all"),
        pytest.param(Progress(total_steps=-1), "total_steps", id="negative steps"),
        pytest.param(Progress(completed_steps=2**53), "completed_steps", id="too many for JSON"),
    ],
)
def test_numbers_no_bar_can_show_are_refused(told: Progress, field: str) -> None:
    """The refusal names the number."""
    with pytest.raises(InvalidFields) as refused:
        check_progress(told)

    assert [fault.field for fault in refused.value.fields] == [f"$.progress.{field}"]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(None, id="no progress, as seed 0's client sends it"),
        pytest.param(Progress(percentage=0, total_steps=0, completed_steps=0), id="all zero"),
        pytest.param(Progress(percentage=100), id="all done"),
    ],
)
def test_zero_and_all_are_progress(told: Progress | None) -> None:
    """The ends of the scale, and silence, are accepted."""
    check_progress(told)


def test_a_report_adds_to_what_was_known_of_an_artifact() -> None:
    """Fields that a report leaves out stay; an explicit 0 counts."""
    old = [Artifact("a", path="out/a", size=5), Artifact("b")]

    merged = merge_artifacts(old, [Artifact("a", type="report", size=0), Artifact("c")])

    assert merged == [
        Artifact("a", path="out/a", type="report", size=0), Artifact("b"), Artifact("c")
    ]  # fmt: skip


def test_the_hub_knows_the_size_of_what_it_holds() -> None:
    """A report cannot change the size of content that was uploaded."""
    old = [Artifact("a", size=5)]

    merged = merge_artifacts(old, [Artifact("a", path="out/a", size=999)], held={"a"})

    assert merged == [Artifact("a", path="out/a", size=5)]


@pytest.mark.parametrize(
    ("artifact", "field"),
    [
        pytest.param(Artifact(""), "name", id="no name"),
        pytest.param(Artifact("a/b"), "name", id="a slash in the name"),
        pytest.param(Artifact("a", size=-1), "size", id="a negative size"),
        pytest.param(Artifact("a", size=2**53), "size", id="a size over 2^53"),
        pytest.param(Artifact("a", download_url="ftp://h/x"), "download_url", id="an FTP link"),
    ],
)
def test_a_wrong_artifact_is_named_with_its_place(artifact: Artifact, field: str) -> None:
    """The refusal names the artifact by index, and the field."""
    with pytest.raises(InvalidFields) as refused:
        check_artifacts([Artifact("good"), artifact], "$.final_artifacts")

    assert [fault.field for fault in refused.value.fields] == [f"$.final_artifacts[1].{field}"]


@pytest.mark.parametrize(
    ("name", "good"),
    [
        pytest.param("audit_report.xlsx", True, id="seed 0's name"),
        pytest.param("Bericht für Łódź 2024.pdf", True, id="letters of many scripts and spaces"),
        pytest.param("x" * 255, True, id="as long as allowed"),
        pytest.param("x" * 256, False, id="longer"),
        pytest.param("", False, id="empty"),
        pytest.param(".", False, id="one dot"),
        pytest.param("..", False, id="two dots"),
        pytest.param("a/b", False, id="slash"),
        pytest.param("a\\b", False, id="backslash"),
        pytest.param("a\nb", False, id="line break"),
        pytest.param("a\0b", False, id="NUL"),
        pytest.param("gpj.\u202eexe", False, id="text that turns around"),
    ],
)
def test_a_name_can_stand_in_an_address_and_a_header(name: str, good: bool) -> None:  # noqa: FBT001 the expected value
    """Names that could leave a folder, break a header or deceive a reader are refused."""
    assert is_artifact_name(name) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        pytest.param("https://files.example/a?b#c", True, id="https"),
        pytest.param("HTTP://files.example", True, id="upper case"),
        pytest.param("javascript:alert(1)", False, id="a script"),
        pytest.param("data:text/html,x", False, id="data"),
        pytest.param("//files.example/a", False, id="no scheme"),
        pytest.param("http://", False, id="no host"),
        pytest.param("http://[::1", False, id="half an address"),
        pytest.param("http://a.example/\r\nSet-Cookie: x", False, id="a header behind it"),
        pytest.param("http://a.example/ b", False, id="a space"),
        pytest.param("ht\ttp://a.example", False, id="a tab that parsers drop"),
    ],
)
def test_only_http_links_are_links(text: str, good: bool) -> None:  # noqa: FBT001 the expected value
    """Somebody is sent there, so it must be an address and nothing more."""
    assert is_link(text) is good
