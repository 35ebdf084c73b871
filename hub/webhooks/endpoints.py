"""Endpoints: they are made, shown, changed, paused and removed; secrets are shown once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_hex
from typing import NamedTuple

import msgspec

from hub.auth.policy import Deed, demand
from hub.clock import SECOND_US, Clock
from hub.errors import Conflict, TooManyWebhooks
from hub.model.endpoint import Endpoint, Health
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.stores.webhooks import DeliveryQuery, Webhooks
from hub.webhooks import pauses
from hub.webhooks.circuit import succeeded
from hub.webhooks.endpoint_forms import (
    EndpointChange,
    EndpointCreated,
    EndpointsView,
    EndpointView,
    NewEndpoint,
    Resuming,
    SecretRotation,
)
from hub.webhooks.endpoint_reading import Checks, check_reason, read
from hub.webhooks.endpoint_secrets import EndpointSecrets, with_key
from hub.webhooks.endpoint_telling import created, kind_of, view_of
from hub.webhooks.ownership import (
    check_reach,
    check_reader,
    find,
    missing,
    owner_seen,
    theirs,
)

# Of one principal, and of all: each costs the dispatcher memory, and every event a look.
MAX_ENDPOINTS = 100
MAX_ALL = 10_000
MAX_PAGE = 100
# Say what goes where: who changes them must be allowed to read what goes there.
_REACHING = frozenset({"url", "event_types", "channels", "where", "encryption"})

Decide = Callable[[Endpoint, Health], tuple[Endpoint, Health]]
Readers = Callable[[str], Awaitable[Sequence[str] | None]]


class Page(NamedTuple):
    """Which endpoints are asked for: at most `limit`, after the `next` of the last page."""

    limit: int
    before: tuple[int, str] | None = None


class EndpointRegister:
    """The endpoints, for those who own them.

    Args:
        store: Where they are kept.
        clock: The wall time.
        secrets: Of their keys and headers.
        checks: Of addresses and of encryption.
        readers: Returns the roles that alone may read a channel.
        changed: Called when the dispatcher should look at the endpoints.
    """

    def __init__(
        self,
        store: Webhooks,
        clock: Clock,
        *,
        secrets: EndpointSecrets,
        checks: Checks,
        readers: Readers,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._checks = checks
        self._readers = readers
        self._changed = changed
        # Counted, then added: two at the same time would both be the last.
        self._adding = asyncio.Lock()

    async def create(self, principal: Principal, new: NewEndpoint) -> EndpointCreated:
        """Make an endpoint; the answer alone has its secret.

        Raises:
            InvalidFields: Names every field that cannot be so.
            Forbidden: The principal may not read events, or none of a channel that it names.
            TooManyWebhooks: There are as many as may be.
        """
        check_reader(principal)
        asked = read(new, self._checks)
        await self._check_channels(principal, asked.fields["channels"])
        now_us = self._clock.now_us()
        endpoint_id = f"ep_{token_hex(12)}"
        key, secret = self._secrets.new_key(endpoint_id, new.signature, now_us)
        endpoint = Endpoint(
            id=endpoint_id,
            # Its rights stay; that the credential behind them ends one day must not end it.
            reader=principal._replace(expires_us=None),
            created_at_us=now_us,
            updated_at_us=now_us,
            headers=self._secrets.sealed(endpoint_id, asked.headers or {}),
            keys=(key,),
            **asked.fields,
        )
        async with self._adding:
            await self._check_room(principal)
            endpoint = await self._store.add_endpoint(endpoint)
        self._changed()
        return created(await self._view(endpoint, Health()), secret)

    async def list(self, principal: Principal, page: Page) -> EndpointsView:
        """Return a page of endpoints, newest first; callbacks are not among them."""
        found = await self._store.endpoints(page.limit, page.before, owner_seen(principal))
        waiting = await self._store.counts() if found else {}
        last = found[-1][0] if len(found) == page.limit else None
        after = None if last is None else f"{last.created_at_us}.{last.id}"
        views = [self._shown(one, health, waiting) for one, health in found]
        return EndpointsView(views, after)

    async def get(self, principal: Principal, webhook_id: str) -> EndpointView:
        """Return one.

        Raises:
            WebhookNotFound: It is not there, for this principal.
        """
        return await self._view(*await find(self._store, principal, webhook_id))

    async def change(
        self, principal: Principal, webhook_id: str, change: EndpointChange
    ) -> EndpointView:
        """Change what is named; what is on its way goes by what holds then.

        Raises:
            WebhookNotFound: It is not there, for this principal.
            InvalidFields: Names every field that cannot be so.
            Forbidden: It gets more than the principal may read, and would be sent elsewhere.
            Conflict: It is a callback.
        """
        found, _ = await find(self._store, principal, webhook_id)
        asked = read(change, self._checks)
        if asked.fields.get("channels", found.channels) != found.channels:
            await self._check_channels(found.reader, asked.fields["channels"])
        fields = dict(asked.fields)
        if asked.headers is not None:
            fields["headers"] = self._secrets.sealed(webhook_id, asked.headers)

        def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            if endpoint.callback is not None:
                raise Conflict("expected an endpoint, got a callback: register it anew instead")
            others = {name for name, value in fields.items() if getattr(endpoint, name) != value}
            if others & _REACHING or asked.headers is not None:
                check_reach(principal, endpoint)
            if "url" in others:
                # Whatever the old address did, the new one is innocent.
                health = succeeded(health)
            return self._touched(endpoint, fields), health

        return await self._change(principal, webhook_id, decide)

    async def rotate(
        self, principal: Principal, webhook_id: str, rotation: SecretRotation
    ) -> EndpointCreated:
        """Give it a new key; the older ones sign, too, until the overlap ends.

        Raises:
            WebhookNotFound: It is not there, for this principal.
            Forbidden: It gets more than the principal may read.
            Conflict: It has as many keys as may sign at the same time.
        """
        found, _ = await find(self._store, principal, webhook_id)
        now_us = self._clock.now_us()
        until_us = now_us + rotation.overlap_s * SECOND_US
        kind = rotation.signature or kind_of(found)
        key, secret = self._secrets.new_key(webhook_id, kind, now_us)

        def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            check_reach(principal, endpoint)
            keys = with_key(endpoint, key, now_us=now_us, until_us=until_us)
            return self._touched(endpoint, {"keys": keys}), health

        return created(await self._change(principal, webhook_id, decide), secret)

    async def remove(self, principal: Principal, webhook_id: str) -> Endpoint:
        """Remove it, and cancel what waits for it; what was sent stays on record.

        Raises:
            WebhookNotFound: It is not there, for this principal.
        """
        found, _ = await find(self._store, principal, webhook_id)
        if not await self._store.remove_endpoint(webhook_id):
            raise missing(webhook_id)
        self._changed()
        return found

    async def pause(self, principal: Principal, webhook_id: str, reason: str) -> EndpointView:
        """Send it nothing; what comes is held.

        Raises:
            WebhookNotFound: It is not there, for this principal.
            Conflict: It is disabled, and holds already.
            InvalidFields: The reason cannot be shown.
        """
        check_reason(reason)
        now_us = self._clock.now_us()

        def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            return pauses.paused(endpoint, principal, reason, now_us), health

        return await self._change(principal, webhook_id, decide)

    async def resume(
        self, principal: Principal, webhook_id: str, resuming: Resuming | None = None
    ) -> EndpointView:
        """Have it go on: first with what was held, in its order, unless that is not wanted.

        Raises:
            WebhookNotFound: It is not there, for this principal.
            Conflict: It is a callback that was made; or nobody answers for it, or somebody else.
            Forbidden: Whoever would answer for it may not read events.
        """
        asked = resuming or Resuming()
        if asked.adopt:
            check_reader(principal)
        newest = 0
        if asked.held == "discard":
            found = await self._store.deliveries(DeliveryQuery(1, webhook_id))
            newest = found[0][0].seq if found else 0
        wish = pauses.Wish(asked.held, newest, principal if asked.adopt else None)
        now_us = self._clock.now_us()

        def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            if not asked.adopt:
                pauses.check_claim(principal, endpoint)
            return pauses.resumed(endpoint, health, wish, now_us)

        return await self._change(principal, webhook_id, decide)

    async def _change(self, principal: Principal, webhook_id: str, decide: Decide) -> EndpointView:
        after: list[Health] = []

        def decide_there(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            changed = decide(theirs(principal, webhook_id, endpoint), health)
            after[:] = [changed[1]]
            return changed

        endpoint = await self._store.change_endpoint(webhook_id, decide_there)
        if endpoint is None:
            raise missing(webhook_id)
        self._changed()
        return await self._view(endpoint, after[0])

    def _touched(self, endpoint: Endpoint, fields: Mapping[str, object]) -> Endpoint:
        return msgspec.structs.replace(endpoint, updated_at_us=self._clock.now_us(), **fields)

    async def _view(self, endpoint: Endpoint, health: Health) -> EndpointView:
        return self._shown(endpoint, health, await self._store.counts())

    def _shown(
        self, endpoint: Endpoint, health: Health, waiting: Mapping[str, Mapping[str, int]]
    ) -> EndpointView:
        return view_of(
            endpoint,
            health,
            headers=self._secrets.header_names(endpoint),
            waiting=waiting.get(endpoint.id, {}),
            now_us=self._clock.now_us(),
        )

    async def _check_channels(self, principal: Principal, channels: Sequence[str]) -> None:
        """Refuse a name of what the principal may not read; of patterns it gets what it may."""
        for channel in channels:
            if "*" not in channel:
                demand(principal, Deed(EVENTS_READ, channel, await self._readers(channel)))

    async def _check_room(self, principal: Principal) -> None:
        own = await self._store.endpoints(MAX_ENDPOINTS, None, principal.name)
        if len(own) >= MAX_ENDPOINTS:
            raise TooManyWebhooks(
                f"expected fewer than {MAX_ENDPOINTS} endpoints of {principal.name[:80]}, got as "
                "many: remove one, or change one that you have"
            )
        if len((await self._store.registry()).endpoints) >= MAX_ALL:
            raise TooManyWebhooks(
                f"expected fewer than {MAX_ALL} endpoints and callbacks on this hub, got as many"
            )
