"""Snapshots: the state of a channel's entities at one offset, as clients get it."""

from collections.abc import Sequence

import msgspec

from hub.model import job_document as jobs
from hub.model.contract import Contract
from hub.model.job import Job
from hub.stores.base import Snapshot

_encode = msgspec.json.Encoder().encode


class EncodedSnapshot:
    """A snapshot whose items are what `data` of an event would hold."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.epoch = snapshot.epoch
        self.offset = snapshot.offset

    async def page(self, limit: int) -> tuple[Sequence[msgspec.Raw], bool]:
        """Return the next items, and whether more follow."""
        rows, more = await self._snapshot.page(limit)
        return [msgspec.Raw(_data(row)) for row in rows], more

    async def close(self) -> None:
        """Let it go."""
        await self._snapshot.close()


def _data(row: Contract | Job) -> bytes:
    if isinstance(row, Job):
        return jobs.to_data(row)
    return _encode(
        {
            "contract_id": row.contract_id,
            "location": row.location,
            "status": row.status,
            "timestamp": row.timestamp,
        }
    )
