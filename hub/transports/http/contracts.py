"""Resources of contracts (seed 3)."""

from typing import Annotated

import msgspec
from starlette.types import ASGIApp

from hub.model.contract import ContractUpdate
from hub.model.event import CONTRACTS
from hub.services.contracts import Contracts
from hub.services.history import HistoryQuery
from hub.services.status import Status
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder
from hub.transports.http.history import HistoryParams, HistoryResource, since_of

_update = json_decoder(ContractUpdate)


class ContractHistoryParams(HistoryParams, forbid_unknown_fields=True):
    """Query of `GET /contracts/history`."""

    location: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    contract_id: Annotated[str, msgspec.Meta(max_length=256)] | None = None


class ContractsResource:
    """What can be done with contracts."""

    def __init__(self, contracts: Contracts, history: HistoryResource, status: Status) -> None:
        self._contracts = contracts
        self._history = history
        self._status = status

    async def update(self, call: Call) -> ASGIApp:
        """Take an update."""
        update = await call.json(_update)
        answered = await self._contracts.update(call.principal, update, call.key())
        return Answer(answered.body, answered.status)

    async def test(self, call: Call) -> ASGIApp:
        """Push an update marked as a test."""
        update = await call.json(_update)
        answered = await self._contracts.test(call.principal, update, call.key())
        return Answer(answered.body, answered.status)

    async def history(self, call: Call) -> ASGIApp:
        """Return a page of the channel, narrowed by location or contract."""
        params = call.query(ContractHistoryParams)
        since, since_us = since_of(params)
        query = HistoryQuery(
            channel=CONTRACTS,
            limit=params.limit,
            since=since,
            since_us=since_us,
            before=params.before,
            epoch=params.epoch,
            key=params.contract_id,
            tag=params.location,
        )
        return await self._history.page(call.principal, query)

    async def status(self, _call: Call) -> ASGIApp:
        """Return counts, position and uptime."""
        return json(await self._status.contracts())
