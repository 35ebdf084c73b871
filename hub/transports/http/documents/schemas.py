"""JSON Schemas of the types that the code reads and writes with.

The types say what msgspec checks; `_REFINEMENTS` adds what the services check besides, so that a
program can know a refusal before it asks.
"""

from collections.abc import Collection
from copy import deepcopy
from typing import Any

import msgspec

from hub.model.contract import MAX_ID
from hub.model.event import CONTROL_WORDS
from hub.model.job import MAX_NAME, MAX_PERCENTAGE, STATUSES, TERMINAL
from hub.model.positions import MAX_TEXT
from hub.services.channels import MAX_KEY
from hub.transports.http.documents.envelopes import (
    ContractData,
    ContractStale,
    ContractUpdated,
    Envelope,
    JobData,
    JobUpdated,
)

Schema = dict[str, Any]

REF = "#/components/schemas/{name}"
EVENTS = (ContractUpdated, ContractStale, JobUpdated, Envelope)
MAX_COUNT = 2**53 - 1
CHANNEL_PATTERN = "^[a-z0-9][a-z0-9._:-]{0,127}$"
# What is printable is more than a pattern can say: the hub refuses a few more.
NAME_PATTERN = r"^[^/\\\x00-\x1f\x7f]+$"
TYPE_PATTERN = "^[a-z][a-z0-9_.-]{0,63}$"

_STATUS = {"enum": list(STATUSES)}
_COUNT = {"minimum": 0, "maximum": MAX_COUNT}
_TIME = {
    "description": "ISO 8601 with a time of day; without an offset it means UTC",
    "examples": ["2024-01-01T12:00:00"],
}
_EVENTS = {"items": {"anyOf": [{"$ref": REF.format(name=kind.__name__)} for kind in EVENTS]}}
_ITEMS = {
    "items": {
        "anyOf": [{"$ref": REF.format(name=kind.__name__)} for kind in (ContractData, JobData)]
    }
}
_ID = {"maxLength": MAX_TEXT, "examples": ["9f2c4e1a;contracts=17;jobs=4"]}
_REFINEMENTS: dict[str, Schema] = {
    "ContractUpdate.contract_id": {"minLength": 1, "maxLength": MAX_ID},
    "ContractUpdate.timestamp": {
        **_TIME,
        "description": f"{_TIME['description']}; at most 5 minutes ahead",
    },
    "StatusReport.status": _STATUS,
    "StatusReport.input_request": {"description": "Only with NEEDS_INPUT"},
    "Completion.final_status": {"enum": sorted(TERMINAL)},
    "JobCreated.status": _STATUS,
    "JobChanged.status": _STATUS,
    "HistoryEntry.status": _STATUS,
    "Progress.percentage": {"minimum": 0, "maximum": MAX_PERCENTAGE},
    "Progress.total_steps": _COUNT,
    "Progress.completed_steps": _COUNT,
    "Artifact.name": {"minLength": 1, "maxLength": MAX_NAME, "pattern": NAME_PATTERN},
    "Artifact.path": {"description": "A label; never opened"},
    "Artifact.size": _COUNT,
    "Artifact.download_url": {
        "description": "A link, or the hub's own address once the content was uploaded",
        "pattern": "^(https?://|/api/jobs/)",
    },
    "InputRequest.schema": {"description": "JSON Schema that the answer must meet"},
    "NewEvent.type": {"pattern": TYPE_PATTERN, "not": {"enum": sorted(CONTROL_WORDS)}},
    "NewEvent.key": {"maxLength": MAX_KEY, "description": "The entity that the event speaks of"},
    "JobsParams.status": {"enum": [*STATUSES, None]},
    "JobsParams.before": {"pattern": r"^[0-9]{1,18}\.", "description": "`next` of the last page"},
    "HistoryParams.since_time": _TIME,
    "ContractHistoryParams.since_time": _TIME,
    "EventsParams.channels": {
        "description": "Comma-separated; without it those that a socket follows by default",
        "examples": ["contracts,jobs"],
    },
    "EventsParams.since": {**_ID, "description": "Where to resume, as an `id` says it"},
    "EventsParams.last_event_id": {
        **_ID,
        "description": "The same, for libraries that cannot set Last-Event-ID",
    },
    "EventsParams.history": {"description": "The last events of each channel first"},
    "EventsParams.snapshot": {"description": "The state of every contract and job first"},
    "EventsParams.where": {
        "description": "A JSON object: only events with one of the values in every field",
        "examples": ['{"location":["Chennai","Mumbai"]}'],
    },
    "EventsParams.conflate": {
        "description": "`field` or `field:max_hz`: only the newest of each value of the field",
        "examples": ["job_id:20"],
    },
    "HistoryAnswer.events": _EVENTS,
    "History.events": _EVENTS,
    "Snapshot.items": _ITEMS,
}


class Schemas:
    """Collects the schemas of a document; those of events are always there.

    Attributes:
        components: By name, what the document needs under `components/schemas`.

    Args:
        locations: The cities that contracts may have on this hub.
    """

    def __init__(self, locations: Collection[str]) -> None:
        self.components: dict[str, Schema] = {}
        self._said: dict[str, Schema] = {}
        self._refinements = {
            **_REFINEMENTS,
            "ContractUpdate.location": {"enum": sorted(locations)},
        }
        for kind in EVENTS:
            self.of(kind)

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type; what it refers to joins the components.

        Raises:
            ValueError: Another struct has its name, or that of one that it refers to.
        """
        (schema,), found = msgspec.json.schema_components([kind], ref_template=REF)
        for name, component in found.items():
            # One would stand in the document for both, and clients be made for the wrong one.
            # Where they meet in one call, msgspec puts their modules before their names.
            if "." in name or self._said.setdefault(name, deepcopy(component)) != component:
                other = name.rpartition(".")[2]
                raise ValueError(f"expected one struct of the name {other}, got two unlike ones")
            self.components[name] = self._refine(name, component)
        return schema

    def inline(self, kind: type) -> Schema:
        """Return the schema of a struct itself, not a reference to it.

        It takes no name of the document, and leaves the one that has it where it is.
        """
        name = kind.__name__
        there, said = self.components.pop(name, None), self._said.pop(name, None)
        self.of(kind)
        inlined = self.components.pop(name)
        del self._said[name]
        if there is not None and said is not None:
            self.components[name], self._said[name] = there, said
        return inlined

    def _refine(self, name: str, component: Schema) -> Schema:
        for field, schema in component.get("properties", {}).items():
            schema.update(self._refinements.get(f"{name}.{field}", {}))
        return component
