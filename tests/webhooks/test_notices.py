"""What is said of attempts as they are kept."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.model.endpoint import Callback, Health
from hub.webhooks.notices import Notices
from hub.webhooks.recording import Kept, Made
from hub.webhooks.sender import Answer
from hub.webhooks.settling import Exchange
from support.clocks import START_US
from support.webhooks import DAY_US, attempt, endpoint, leased, settled

OK = Answer(status=200)
DOWN = Answer(failure="timeout")
GONE = Answer(status=410, failure="status")


class Heard:
    """Notices, and what they have led to."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, Any]] = []
        self.disabled = 0
        self.notices = Notices(self, self._count)

    def note(self, action: str, *_: Any, target: str = "", details: Any = None) -> None:
        """Keep a record."""
        self.records.append((action, target, details))

    def _count(self) -> None:
        self.disabled += 1

    def lines(self, answer: Answer, before: Health, **at: Any) -> list[Any]:
        """Return the lines about an attempt."""
        done = settled(answer, at=endpoint(**at), health=before)
        made = Made(
            leased(),
            attempt(answer.failure, status=answer.status),
            Exchange(answer, START_US, 1.0, DAY_US),
        )
        with capture_logs() as lines:
            self.notices.kept(Kept(made, done, before))
        return lines


@pytest.mark.parametrize(
    ("answer", "before", "words"),
    [
        pytest.param(OK, Health(), [], id="nothing worth a second line"),
        pytest.param(DOWN, Health(failures=1), [], id="one failure"),
        pytest.param(
            DOWN,
            Health(failures=4, failing_since_us=1),
            ["an endpoint does not work and is left alone"],
            id="the circuit opens",
        ),
        pytest.param(
            OK,
            Health(failures=5, failing_since_us=1, opened_us=1, openings=1),
            ["an endpoint works again"],
            id="the circuit closes",
        ),
        pytest.param(GONE, Health(), ["an endpoint was disabled"], id="it is disabled"),
    ],
)
def test_each_attempt_is_a_line(answer: Answer, before: Health, words: list[str]) -> None:
    """And what it changes is one more."""
    lines = Heard().lines(answer, before)

    assert [line["event"] for line in lines] == ["webhook attempt", *words]
    assert lines[0]["log_level"] == ("debug" if answer.failure is None else "info")
    assert (lines[0]["endpoint"], lines[0]["of"], lines[0]["status"]) == (
        "ep_1",
        "id-1",
        answer.status,
    )
    assert "secret" not in str(lines)


def test_what_is_disabled_is_recorded() -> None:
    """The audit log says which and why, and somebody looks at once."""
    heard = Heard()

    heard.lines(GONE, Health())

    assert heard.records == [("webhook.disable", "ep_1", {"why": "it answered 410 Gone"})]
    assert heard.disabled == 1


def test_a_callback_that_was_made_is_no_misfortune() -> None:
    """It ends as it should."""
    heard = Heard()

    heard.lines(OK, Health(), callback=Callback("job", "j", "c"))

    assert (heard.records, heard.disabled) == ([], 0)


def test_what_was_lost_is_told() -> None:
    """An attempt that another worker has made in vain is seen in the log."""
    made = Made(leased(), attempt(), Exchange(OK, START_US, 1.0, DAY_US))

    with capture_logs() as lines:
        Heard().notices.kept(Kept(made, None, None))

    assert lines[0]["state"] == "lost"
