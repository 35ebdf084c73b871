"""The hub's use cases on a real log in a file, with a clock that a test turns."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hub.model.event import Event
from hub.model.principal import Principal
from hub.model.unit import Head
from hub.realtime.interest import Interest
from hub.realtime.volatile import VolatileFeed
from hub.services.artifacts import Artifacts
from hub.services.channels import Channels
from hub.services.contracts import Contracts
from hub.services.definitions import Definitions
from hub.services.history import History
from hub.services.jobs import Jobs
from hub.services.publisher import Publisher
from hub.services.volatile import Volatile
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock, FakeTimers

ANNA = Principal("anna")
LOCATIONS = frozenset({"Chennai", "Mumbai"})


class UseCases(NamedTuple):
    """Everything below the transports; `told` holds the events as they were fanned out."""

    clock: FakeClock
    log: SqliteLog
    publisher: Publisher
    told: list[Event]
    epoch: str
    contracts: Contracts
    jobs: Jobs
    channels: Channels
    history: History
    artifacts: Artifacts
    folder: Path
    definitions: Definitions


async def open_use_cases(folder: Path) -> UseCases:
    """Build them on an empty log; close `publisher`, then `log`."""
    clock = FakeClock()
    log = SqliteLog(DataFile(folder / "hub.db"), clock)
    log.migrate()
    epoch = (await log.state()).epoch
    told: list[Event] = []
    moments: dict[str, VolatileFeed] = {}

    def tell(events: Sequence[Event]) -> None:
        told.extend(events)
        for event in events:
            if event.volatile:
                moments[event.channel].append(event)

    publisher = Publisher(log, tell, max_waiting=1_000)
    jobs = Jobs(publisher, log, epoch)

    def learn(heads: Mapping[str, Head]) -> None:
        for name in (name for name, head in heads.items() if not head.is_durable):
            moments.setdefault(name, _volatile(name))

    volatile = Volatile(moments, tell, clock, max_per_s=100)
    definitions = Definitions(publisher, log, followers=lambda: {"orders": 2}, learn=learn)
    files = folder / "files"
    return UseCases(
        clock=clock,
        log=log,
        publisher=publisher,
        told=told,
        epoch=epoch,
        contracts=Contracts(publisher, clock, epoch, LOCATIONS),
        jobs=jobs,
        channels=Channels(publisher, volatile, epoch, set(), definitions.look),
        history=History(log, epoch),
        artifacts=Artifacts(jobs, files, max_bytes=1_000),
        folder=files,
        definitions=definitions,
    )


def _volatile(channel: str) -> VolatileFeed:
    interest = Interest(_nothing, _nothing)
    return VolatileFeed(channel, interest, FakeTimers(), wake=partial(_nothing, channel))


def _nothing(channel: str) -> None:
    assert channel
