"""Units for tests of the log and the publisher."""

from collections.abc import Sequence

from hub.errors import Conflict
from hub.model.contract import Contract
from hub.model.event import Draft, Event
from hub.model.unit import Decision, IdempotencyKey, Rows, Unit


def offsets(events: Sequence[Event]) -> bytes:
    """Answer with the offsets of the unit's events."""
    return b",".join(b"%s:%d" % (event.channel.encode(), event.offset) for event in events)


def contract(contract_id: str, rows: Rows, sent_at_us: int = 1) -> Contract:
    """Return a row to store."""
    return Contract(contract_id, "me", "Mumbai", "active", "t", sent_at_us, rows.now_us)


def unit(
    contract_id: str = "c-1", *, channels: Sequence[str] = ("contracts",), key: str | None = None
) -> Unit:
    """Return a unit that stores a contract and appends one event a channel."""

    def decide(rows: Rows) -> Decision:
        drafts = [Draft(name, "contract_update", b"{}", contract_id, "Mumbai") for name in channels]
        return Decision([contract(contract_id, rows)], drafts, offsets)

    kept = IdempotencyKey(key, b"hash") if key else None
    return Unit("me", [("contract", contract_id)], channels, decide, kept)


def refused() -> Unit:
    """Return a unit that refuses after it has looked at its rows."""

    def decide(_rows: Rows) -> Decision:
        raise Conflict("refused by the test")

    return Unit("me", [("contract", "c-1")], ["contracts"], decide)


def faulty() -> Unit:
    """Return a unit whose row no database takes."""

    def decide(rows: Rows) -> Decision:
        row = contract("c-bad", rows)._replace(sent_at_us=2**70)
        return Decision([row], [Draft("contracts", "contract_update", b"{}")], offsets)

    return Unit("me", [], ["contracts"], decide)


def marked_as_test(channel: str = "contracts") -> Unit:
    """Return a unit whose event is a test: pushed, not kept."""

    def decide(_rows: Rows) -> Decision:
        draft = Draft(channel, "contract_update", b"{}", test=True)
        return Decision([], [draft], lambda events: events[0].id.encode())

    return Unit("me", [], [channel], decide)
