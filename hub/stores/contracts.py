"""Contracts as rows of the table `contracts`."""

import msgspec

from hub.model.contract import Contract

# The contracts of a JSON list of ids, as one JSON list.
BY_ID = (
    "SELECT json_group_array(json_array("
    "contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us)) "
    "FROM json_each(?) AS wanted CROSS JOIN contracts ON contract_id = wanted.value"
)
AFTER_ID = (
    "SELECT contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us "
    "FROM contracts WHERE contract_id > ? ORDER BY contract_id LIMIT ?"
)
INTO = "contracts (contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us)"
REPLACE = (
    "ON CONFLICT (contract_id) DO UPDATE SET "
    "location = excluded.location, status = excluded.status, timestamp = excluded.timestamp, "
    "sent_at_us = excluded.sent_at_us, updated_at_us = excluded.updated_at_us"
)
COUNTS = (
    "SELECT location, status, count(*), max(updated_at_us) FROM contracts "
    "GROUP BY location, status ORDER BY location, status"
)


decode = msgspec.json.Decoder(list[Contract]).decode


def from_row(row: tuple[str, str, str, str, str, int, int]) -> Contract:
    """Return the contract of a row."""
    return Contract(*row)
