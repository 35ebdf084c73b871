"""The form in which messages travel between a Kit application and its web page.

    {"event_type": "contract_update", "payload": {"contract_id": …, "location": …, …}}

`event_type` is the event's type, `payload` its data. Where it came from is beside the data under
`hub`, and where it is shown under `prim`.
"""

from typing import Any

from examples.omniverse.plan import Prim
from hub_client import Event


def message(event: Event) -> dict[str, Any]:
    """Return any event of the hub, a snapshot too, in that form.

    None of a Kit dictionary's values is null, so what is not known is left out.
    """
    names = ("channel", "offset", "id", "timestamp", "position", "test")
    came = {name: getattr(event, name) for name in names}
    payload: dict[str, Any] = {**event.data, "hub": {k: v for k, v in came.items() if v}}
    if event.type == "contract_update" and event.contract is not None:
        payload["prim"] = Prim(event.contract, 0).path
    return {"event_type": event.type, "payload": _full(payload)}


def _full(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _full(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_full(one) for one in value if one is not None]
    return value
