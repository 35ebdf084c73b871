"""The rules of alerts, as functions of values: what was measured, and when.

A rule looks at a number. Above its threshold the alert is raised, at once; it is cleared when the
number has been clearly below for a whole window. So a number that swings around the threshold
raises it once, and no window sees both.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from hub.model.alert import Severity

# Below this part of the threshold all is well again; between the two nothing changes.
CALM = 0.8
Change = Literal["raised", "cleared"]


class Rule(NamedTuple):
    """When to raise an alert.

    Attributes:
        name: One word.
        severity: Whether people should come at once.
        threshold: Above it the alert is raised; 0: never.
        window_s: Counters are looked at over so many seconds, and calm must last as long.
        text: One sentence, of `{value}` and `{threshold}`.
        least: So many must have happened in the window for a share of them to mean something.
    """

    name: str
    severity: Severity
    threshold: float
    window_s: float
    text: str
    least: float = 1

    def message(self, value: float) -> str:
        """Return what is the matter."""
        return self.text.format(value=value, threshold=self.threshold)


class Share(NamedTuple):
    """Counters that only grow: so much of so many, failures of attempts, or seconds of answers."""

    parts: float
    whole: float


class Count(NamedTuple):
    """A counter that only grows."""

    total: float


class Level(NamedTuple):
    """A number as it is now."""

    value: float


# None: there is no such thing here, so there is no verdict either.
Reading = Share | Count | Level | None


class Sample(NamedTuple):
    """What counters were at one moment."""

    at_s: float
    parts: float
    whole: float


class Standing(NamedTuple):
    """Where a rule stands.

    Attributes:
        samples: Of the last window, the oldest first; of a rule that looks at counters.
        raised: The alert is raised.
        bad_s: When the number was last not clearly below the threshold.
        value: What was measured last.
    """

    samples: Sequence[Sample] = ()
    raised: bool = False
    bad_s: float = 0.0
    value: float | None = None


def step(
    rule: Rule, standing: Standing, reading: Reading, now_s: float
) -> tuple[Standing, Change | None]:
    """Take what was measured now; return where the rule stands, and what has changed.

    Args:
        rule: Which one.
        standing: After the last step.
        reading: What was measured.
        now_s: When, by a clock that never steps back.
    """
    samples, value = _measure(rule, standing.samples, reading, now_s)
    above = value is not None and rule.threshold > 0 and value > rule.threshold
    if not standing.raised:
        return Standing(samples, above, now_s, value), "raised" if above else None
    if value is not None and value > CALM * rule.threshold:
        return Standing(samples, True, now_s, value), None  # noqa: FBT003 the field's name is above
    if now_s - standing.bad_s < rule.window_s:
        return standing._replace(samples=samples, value=value), None
    return Standing(samples, value=value), "cleared"


def _measure(
    rule: Rule, samples: Sequence[Sample], reading: Reading, now_s: float
) -> tuple[Sequence[Sample], float | None]:
    if reading is None:
        return (), None
    if isinstance(reading, Level):
        return (), reading.value
    now = (
        Sample(now_s, reading.total, 0)
        if isinstance(reading, Count)
        else Sample(now_s, reading.parts, reading.whole)
    )
    kept = _slide(samples, now, rule.window_s)
    parts, whole = now.parts - kept[0].parts, now.whole - kept[0].whole
    if isinstance(reading, Count):
        return kept, parts
    return kept, parts / whole if whole >= rule.least else None


def _slide(samples: Sequence[Sample], now: Sample, window_s: float) -> Sequence[Sample]:
    """Return the samples of the window that ends now, and the last one before it."""
    begins_s = now.at_s - window_s
    old = sum(sample.at_s <= begins_s for sample in samples)
    return (*samples[max(0, old - 1) :], now)
