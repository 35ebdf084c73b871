"""What is believed of processes that nobody hears."""

from hub.app.watch import unheard_workers
from hub.model.alert import Alert
from hub.model.timestamp import to_rfc3339
from support.clocks import START_US


def raised(subject: str, since_us: int) -> Alert:
    """Return what somebody has seen."""
    return Alert(
        alert="webhook_failures",
        subject=subject,
        severity="warning",
        since=to_rfc3339(since_us),
        value=1,
        threshold=0.5,
        message="",
        node=subject,
    )


def test_an_unheard_worker_is_there_as_long_as_it_says_something() -> None:
    """What is older was seen by one that is dead; others are heard otherwise."""
    alerts = [
        raised("work-old", START_US),
        raised("work-new", START_US + 1),
        raised("work-both", START_US - 9),
        raised("work-both", START_US + 9),
        raised("n1", START_US + 9),
    ]

    assert unheard_workers(alerts, START_US) == {"work-new", "work-both"}
