"""Alerts: something that a person should look at, from when it was raised until it is cleared.

An alert is told as two events of the channel `alerts`, and those events are all that is kept of
it: what is raised now is what the newest event of each key says.
"""

from typing import Literal

import msgspec

from hub.clock import SECOND_US
from hub.model.event import Draft

ALERTS = "alerts"
RAISED, CLEARED = "alert_raised", "alert_cleared"
Severity = Literal["warning", "critical"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of an event, raised or cleared.

    Attributes:
        alert: The rule's name.
        subject: What it is about: a job's id, or the node that has seen it.
        severity: Whether people should come at once.
        since: When it was raised.
        until: When it was cleared; null while it is raised.
        value: What was measured when it was raised, or last before it was cleared; null: nothing.
        threshold: Above it the alert is raised.
        message: What is the matter, in one sentence.
        node: Name of the node that says so.
    """

    alert: str
    subject: str
    severity: Severity
    since: str
    until: str | None = None
    value: float | None
    threshold: float
    message: str
    node: str

    @property
    def key(self) -> str:
        """Tells it from all others: two events of one key are of one alert."""
        return f"{self.alert}:{self.subject}"

    @property
    def type(self) -> str:
        """The type of its event."""
        return RAISED if self.until is None else CLEARED

    @property
    def moment(self) -> str:
        """Names this one event of it among all nodes, so that the log takes it once."""
        return f"alert|{self.key}|{self.type}|{self.since}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode


def to_data(alert: Alert) -> bytes:
    """Return the `data` of its event."""
    return _encode(alert)


def to_draft(alert: Alert) -> Draft:
    """Return its event."""
    return Draft(channel=ALERTS, type=alert.type, data=to_data(alert), key=alert.key)


def read_alert(data: bytes) -> Alert | None:
    """Return the alert of an event's data; None when it is of another version's form."""
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return None


def rounded(value: float | None) -> float | None:
    """Return a value as it is told: what comes after four digits is noise."""
    return None if value is None else round(value, 4)


def seconds(us: int) -> float:
    """Return microseconds as seconds."""
    return us / SECOND_US
