"""What people read: the dashboard's first page, the error pages, the served documents."""

from starlette.types import Receive, Scope, Send

from hub.errors import NotFound


class Pages:
    """Answers addresses that are not in the route table."""

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Refuse, for now."""
        raise NotFound(f"expected an address of the hub, got {scope['path'][:80]!r}")
