"""The hub's routes without a hub: what there is to call."""

from collections.abc import Sequence
from typing import Any

from hub.transports.http.route import Route
from hub.transports.http.routes import Resources, table


class Anything:
    """Has every attribute; the table only asks for methods and never calls them here."""

    def __getattr__(self, name: str) -> Any:
        return None if name.startswith("__") else self


def all_routes() -> Sequence[Route]:
    """Return the table."""
    anything: Any = Anything()
    return table(Resources(*[anything] * len(Resources._fields)))


def filled(path: str, **params: str) -> str:
    """Return a path with its parameters filled in."""
    named = {"job_id": "nobody", "channel": "orders", "name": "a.txt", "token_id": "nobody"}
    named |= {"event_id": "nothing", "webhook_id": "ep_none", "delivery_id": "dl_none"}
    named |= {"replay_id": "rp_none", "client_id": "anna", **params}
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return path
