"""Contracts as rows of the table `contracts`."""

from hub.model.contract import Contract

BY_ID = (
    "SELECT contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us "
    "FROM contracts WHERE contract_id IN (SELECT value FROM json_each(?))"
)
AFTER_ID = (
    "SELECT contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us "
    "FROM contracts WHERE contract_id > ? ORDER BY contract_id LIMIT ?"
)
UPSERT = (
    "INSERT INTO contracts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (contract_id) DO UPDATE SET "
    "location = excluded.location, status = excluded.status, timestamp = excluded.timestamp, "
    "sent_at_us = excluded.sent_at_us, updated_at_us = excluded.updated_at_us"
)
COUNTS = (
    "SELECT location, status, count(*), max(updated_at_us) FROM contracts "
    "GROUP BY location, status ORDER BY location, status"
)


def from_row(row: tuple[str, str, str, str, str, int, int]) -> Contract:
    """Return the contract of a row."""
    return Contract(*row)
