"""Job times: from a job's creation to its end, and to each artifact that came of it."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from hub.clock import SECOND_US
from hub.model.event import Event
from hub.model.job_document import artifact_address
from hub.telemetry.histogram import LONG_S, Histogram


class _Named(msgspec.Struct):
    name: str
    download_url: str | None = None


class _Told(msgspec.Struct):
    """What of a `job_update` is measured."""

    job_id: str
    status: str
    created_at: datetime
    artifacts: list[_Named]


_decode = msgspec.json.Decoder(_Told).decode


class JobTimes:
    """How long the jobs took that ended through this node. A retry that changes nothing is none.

    Attributes:
        ended_s: From creation to the end, by what that was.
        artifacts_s: From creation to the upload of an artifact, or to the end that names one
            whose content is not the hub's. From creation, because a job may be RUNNING several
            times, or never.
    """

    def __init__(self) -> None:
        self.ended_s = {"DONE": Histogram(LONG_S), "FAILED": Histogram(LONG_S)}
        self.artifacts_s = Histogram(LONG_S)

    def ended(self, events: Sequence[Event], artifacts: Collection[str] = ()) -> None:
        """Take the events of an end, and the names of the artifacts that it named."""
        for event in events:
            told = _decode(event.data)
            took_s = _since_creation(told, event)
            self.ended_s[told.status].observe(took_s)
            named = [one for one in told.artifacts if one.name in artifacts]
            # Those that the hub holds were measured when they came.
            elsewhere = [one for one in named if not _is_held(told.job_id, one)]
            if elsewhere:
                self.artifacts_s.observe(took_s, len(elsewhere))

    def uploaded(self, events: Sequence[Event]) -> None:
        """Take the events of an upload."""
        for event in events:
            self.artifacts_s.observe(_since_creation(_decode(event.data), event))


def _since_creation(told: _Told, event: Event) -> float:
    return max(0.0, event.at_us / SECOND_US - told.created_at.timestamp())


def _is_held(job_id: str, artifact: _Named) -> bool:
    return artifact.download_url == artifact_address(job_id, artifact.name)
