"""Contracts (seed 3): four fields, and the rule that old news never repaints new state."""

import enum
from typing import Annotated, NamedTuple

import msgspec

from hub.errors import FieldError, InvalidFields
from hub.model.event import CONTRACTS, Draft
from hub.model.timestamp import from_iso8601

MAX_AHEAD_US = 5 * 60 * 1_000_000
MAX_ID = 256
STATUSES = ("active", "inactive")
# The type of an update that is older than what is stored: kept and told, and changes nothing.
STALE = "contract_stale"
_SHOWN = 80


class Location(enum.StrEnum):
    """The cities of seed 3; the setting HUB_CONTRACT_LOCATIONS may name others."""

    CHENNAI = "Chennai"
    MUMBAI = "Mumbai"
    BENGALURU = "Bengaluru"
    HYDERABAD = "Hyderabad"


class ContractUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """What an external system posts: exactly these four, echoed as they were sent.

    The words are checked by `read_update`, so that one refusal names every wrong one.
    """

    contract_id: str
    location: str
    status: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(STATUSES)})]
    timestamp: str


class Contract(NamedTuple):
    """The state of one contract: the newest update by the sender's own timestamp."""

    contract_id: str
    owner: str
    location: str
    status: str
    timestamp: str
    sent_at_us: int
    updated_at_us: int


def read_update(update: ContractUpdate, locations: frozenset[str], now_us: int) -> int:
    """Check what no type can say and return the sender's time in microseconds.

    Raises:
        InvalidFields: Empty or overlong id, unknown location or status, or a timestamp that is
            no time or lies more than five minutes ahead (a clock that runs fast would freeze the
            contract). Names all that is wrong.
    """
    faults = []
    if not 0 < len(update.contract_id) <= MAX_ID:
        faults.append(FieldError("$.contract_id", "1 to 256 characters", shown(update.contract_id)))
    if update.location not in locations:
        allowed = ", ".join(sorted(locations))
        faults.append(FieldError("$.location", f"one of {allowed}", shown(update.location)))
    if update.status not in STATUSES:
        faults.append(FieldError("$.status", "active or inactive", shown(update.status)))
    sent_at_us = 0
    try:
        sent_at_us = from_iso8601(update.timestamp)
    except (ValueError, OverflowError):
        faults.append(FieldError("$.timestamp", "an ISO 8601 time", shown(update.timestamp)))
    if sent_at_us > now_us + MAX_AHEAD_US:
        faults.append(FieldError("$.timestamp", "at most 5 minutes ahead", shown(update.timestamp)))
    if faults:
        raise InvalidFields(faults)
    return sent_at_us


def is_stale(stored: Contract | None, sent_at_us: int) -> bool:
    """Say whether the update is older than what is stored. Equal is not: it applies."""
    return stored is not None and sent_at_us < stored.sent_at_us


def to_draft(update: ContractUpdate, data: bytes, *, stale: bool, test: bool = False) -> Draft:
    """Return the event of an update; stale ones have a type that no simple screen paints."""
    return Draft(
        channel=CONTRACTS,
        type=STALE if stale else "contract_update",
        data=data,
        key=update.contract_id,
        tag=update.location,
        test=test,
    )


def shown(value: object) -> str:
    """Return at most 80 characters of what came, as JSON would show it."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
