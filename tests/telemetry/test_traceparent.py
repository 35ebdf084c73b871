"""W3C Trace Context: https://www.w3.org/TR/trace-context/."""

import string

import pytest
from hypothesis import given, strategies as st

from hub.telemetry.traceparent import RANDOM, SAMPLED, TraceParent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

digits = st.sampled_from("0123456789abcdef")
trace_ids = st.text(digits, min_size=32, max_size=32).filter(lambda text: text.strip("0"))
span_ids = st.text(digits, min_size=16, max_size=16).filter(lambda text: text.strip("0"))
parents = st.builds(TraceParent, trace_ids, span_ids, st.sampled_from([0, 1, 2, 3]))


@pytest.mark.parametrize(
    ("header", "read"),
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", TraceParent(TRACE, SPAN, 1), id="sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", TraceParent(TRACE, SPAN, 0), id="not sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-03", TraceParent(TRACE, SPAN, 3), id="random id, level 2"),
        pytest.param(f"00-{TRACE}-{SPAN}-ff", TraceParent(TRACE, SPAN, 3), id="flags of later"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01", TraceParent(TRACE, SPAN, 1), id="a later version"),
        pytest.param(
            f"cc-{TRACE}-{SPAN}-01-what-the-future-holds",
            TraceParent(TRACE, SPAN, 1),
            id="a later version that says more",
        ),
    ],
)
def test_a_header_of_this_version_or_a_later_one_is_read(header: str, read: TraceParent) -> None:
    """The fields of version 00 stand where they stand for ever; more may follow a dash."""
    assert TraceParent.parse(header) == read


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", id="a trace of zeros"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", id="a parent of zeros"),
        pytest.param(f"ff-{TRACE}-{SPAN}-01", id="the forbidden version"),
        pytest.param(f"00-{TRACE.upper()}-{SPAN}-01", id="upper case"),
        pytest.param(f"00-{TRACE}-{SPAN.upper()}-01", id="upper case in the parent"),
        pytest.param(f"0-{TRACE}-{SPAN}-01", id="a short version"),
        pytest.param(f"00-{TRACE[1:]}-{SPAN}-01", id="a short trace"),
        pytest.param(f"00-{TRACE}-{SPAN}-1", id="short flags"),
        pytest.param(f"00-{TRACE}-{SPAN}-0g", id="flags that are no number"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-", id="version 00 with a tail"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-more", id="version 00 that says more"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01.more", id="a later version without a dash"),
        pytest.param(f"00_{TRACE}_{SPAN}_01", id="no dashes"),
        pytest.param(f" 00-{TRACE}-{SPAN}-01", id="a space in front"),
        pytest.param(f"00-{TRACE}-{SPAN}-01\n", id="a line end behind"),
        pytest.param(f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01", id="two in one"),
        pytest.param(
            "00-" + "\N{ARABIC-INDIC DIGIT ONE}" * 32 + f"-{SPAN}-01", id="digits of another script"
        ),
    ],
)
def test_a_wrong_header_is_as_good_as_none(header: str) -> None:
    """It must not be guessed at, and is never a reason to refuse."""
    assert TraceParent.parse(header) is None


@given(parents)
def test_what_is_said_can_be_read(parent: TraceParent) -> None:
    """A traceparent that went out comes back as it was."""
    assert TraceParent.parse(str(parent)) == parent


@given(st.text(string.printable, max_size=80))
def test_nothing_that_comes_makes_it_raise(header: str) -> None:
    """Whatever is accepted is told on in the form of version 00."""
    read = TraceParent.parse(header)

    assert read is None or TraceParent.parse(str(read)) == read


def test_a_trace_begins_with_ids_of_its_own() -> None:
    """They are random and said to be, and the trace is recorded."""
    one, other = TraceParent.new(), TraceParent.new()

    assert one.flags == SAMPLED | RANDOM
    assert TraceParent.parse(str(one)) == one
    assert (one.trace_id, one.span_id) != (other.trace_id, other.span_id)


@given(parents)
def test_a_child_is_a_step_of_the_same_trace(parent: TraceParent) -> None:
    """Only the step is another one."""
    child = parent.child()

    assert (child.trace_id, child.flags) == (parent.trace_id, parent.flags)
    assert child.span_id != parent.span_id
