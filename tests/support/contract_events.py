"""Events of contracts, as the SDK yields them."""

from typing import Any

from hub_client import Event, Snapshot

NOON = "2026-11-21T12:00:00.000000Z"


def contract(name: str, location: str = "Mumbai", status: str = "active") -> dict[str, Any]:
    """Return a contract's fields."""
    return {"contract_id": name, "location": location, "status": status, "timestamp": NOON}


def update(
    offset: int,
    name: str,
    location: str = "Mumbai",
    status: str = "active",
    *,
    at: str = NOON,
    type_: str = "contract_update",
    test: bool = False,
) -> Event:
    """Return an update; `at` is the hub's clock."""
    return Event(
        type=type_,
        channel="contracts",
        data=contract(name, location, status),
        offset=None if test else offset,
        id=f"id-{offset}",
        timestamp=at,
        position=f"e:{offset}",
        test=test,
    )


def snapshot(offset: int, *contracts: dict[str, Any]) -> Snapshot:
    """Return the state of everything at an offset."""
    return Snapshot(
        type="snapshot",
        channel="contracts",
        data={"items": list(contracts)},
        offset=offset,
        position=f"e:{offset}",
    )
