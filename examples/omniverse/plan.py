"""From events to changes of prims. No USD here, no I/O, no clock."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from examples.omniverse.names import prim_name
from hub_client import ContractUpdate, Event, Snapshot

CONTRACTS = "/World/Contracts"
Target = Mapping[str, ContractUpdate | None]
"""What contracts are to be; None: gone."""


class Prim(NamedTuple):
    """A contract in the stage; `slot` is its place in its city, kept as long as it is there."""

    contract: ContractUpdate
    slot: int

    @property
    def city(self) -> str:
        """Return the path of its city."""
        return f"{CONTRACTS}/{prim_name(self.contract.location)}"

    @property
    def path(self) -> str:
        """Return its path."""
        return f"{self.city}/{prim_name(self.contract.contract_id)}"


class Changes(NamedTuple):
    """What a frame does to the stage.

    Attributes:
        removed: Paths; all of them go before anything is placed.
        placed: Prims that are new or other than before, whole.
        position: Up to where the hub's events are in the stage then; None: it stays.
    """

    removed: tuple[str, ...] = ()
    placed: tuple[Prim, ...] = ()
    position: str | None = None

    def __bool__(self) -> bool:
        return bool(self.removed or self.placed or self.position)


class World:
    """What is in the stage. `take` says what has to change, and takes it for done."""

    def __init__(self, prims: Iterable[Prim] = ()) -> None:
        self._prims = {prim.contract.contract_id: prim for prim in prims}
        self._slots: dict[str, Slots] = {}
        for prim in self._prims.values():
            self._city(prim.contract.location).take(prim.slot)

    def __iter__(self) -> Iterator[Prim]:
        return iter(self._prims.values())

    def take(self, events: Iterable[Event]) -> Changes:
        """Return the changes that lead from before these events to after them.

        A contract that changes many times changes once; one that ends as it was does not
        change. A `Snapshot` is everything there is: what it leaves out goes. Stale updates
        and tests change no contract, but move the position.
        """
        target: dict[str, ContractUpdate | None] = {}
        position = None
        for event in events:
            position = event.position or position
            if isinstance(event, Snapshot):
                items = msgspec.convert(event.items, list[ContractUpdate])
                target = {**dict.fromkeys(self._prims), **{one.contract_id: one for one in items}}
            elif event.type == "contract_update" and not event.test and event.contract:
                target[event.contract.contract_id] = event.contract
        removed = tuple(self._remove(target))
        return Changes(removed, tuple(self._place(target)), position)

    def _remove(self, target: Target) -> Iterator[str]:
        """Take away what is gone, or gone to another city."""
        for name, contract in target.items():
            prim = self._prims.get(name)
            if prim is None or (contract and contract.location == prim.contract.location):
                continue
            del self._prims[name]
            self._city(prim.contract.location).free(prim.slot)
            yield prim.path

    def _place(self, target: Target) -> Iterator[Prim]:
        for name, contract in target.items():
            before = self._prims.get(name)
            if contract is None or (before is not None and before.contract == contract):
                continue
            slot = self._city(contract.location).next() if before is None else before.slot
            self._prims[name] = Prim(contract, slot)
            yield self._prims[name]

    def _city(self, location: str) -> "Slots":
        return self._slots.setdefault(location, Slots())


class Slots:
    """The places of one city: a new contract gets the lowest that is free."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._seen = 0
        """Every free place below is in `_free`; at and above, what is not taken is free."""
        self._free: list[int] = []

    def take(self, slot: int) -> None:
        """Note one that a contract has had from the beginning."""
        self._taken.add(slot)

    def next(self) -> int:
        """Return the lowest that is free, and take it."""
        if self._free:
            slot = heapq.heappop(self._free)
        else:
            while self._seen in self._taken:
                self._seen += 1
            slot = self._seen
            self._seen += 1
        self._taken.add(slot)
        return slot

    def free(self, slot: int) -> None:
        """Give one back."""
        self._taken.discard(slot)
        if slot < self._seen:
            heapq.heappush(self._free, slot)
