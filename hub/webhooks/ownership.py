"""Whose webhooks are whose: to everybody else they are not there."""

from hub.auth.grant import check_grant
from hub.errors import Forbidden, WebhookNotFound
from hub.model.endpoint import Endpoint, Health
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ, WEBHOOKS_ANY
from hub.stores.webhooks import Endpoints


def owner_seen(principal: Principal) -> str | None:
    """Return whose webhooks alone a principal is shown; None: all."""
    return None if WEBHOOKS_ANY in principal.scopes else principal.name


def is_seen(principal: Principal, owner: str) -> bool:
    """Say whether somebody's webhooks are there, for a principal."""
    return owner_seen(principal) in {None, owner}


def missing(webhook_id: str) -> WebhookNotFound:
    """Return the refusal for an endpoint that is not there."""
    return WebhookNotFound(f"expected the id of a webhook, got {webhook_id[:80]!r}")


def theirs(principal: Principal, webhook_id: str, found: Endpoint | None) -> Endpoint:
    """Return what was found.

    Raises:
        WebhookNotFound: It is not there, for this principal.
    """
    if found is None or not is_seen(principal, found.owner):
        raise missing(webhook_id)
    return found


async def find(store: Endpoints, principal: Principal, webhook_id: str) -> tuple[Endpoint, Health]:
    """Return an endpoint or a callback, and its health.

    Raises:
        WebhookNotFound: It is not there, for this principal.
    """
    found = await store.endpoint(webhook_id)
    if found is None:
        raise missing(webhook_id)
    theirs(principal, webhook_id, found[0])
    return found


def check_reader(principal: Principal) -> None:
    """Refuse who would get nothing.

    Raises:
        Forbidden: A webhook gets what its maker may read, and that is nothing.
    """
    if EVENTS_READ not in principal.scopes:
        roles = " and ".join(principal.roles) or "no role"
        raise Forbidden(
            "expected a credential with the scope events:read, because a webhook gets what its "
            f"maker may read, got one with {roles}"
        )


def check_reach(principal: Principal, endpoint: Endpoint) -> None:
    """Refuse who would send on to themselves what they may not read.

    Raises:
        Forbidden: The endpoint gets more than this principal may read.
    """
    try:
        check_grant(principal, endpoint.reader)
    except Forbidden as error:
        raise Forbidden(
            "expected a credential that may do what the maker of this webhook could, because it "
            f"says what goes where; {str(error).replace(' a key ', ' a webhook ')}"
        ) from error
