"""The doorman: who may open a WebSocket here, and who must be looked up first."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from hub.auth.admission import Rules
from hub.auth.authentication import Authentication
from hub.auth.turnstile import Turnstile
from hub.errors import ChannelNotFound, HubError, TooManyConnections, Unavailable
from hub.model.principal import ANONYMOUS, Principal
from hub.realtime import rights
from hub.realtime.drain import Drain
from hub.realtime.node import Realtime
from hub.services.auditor import Auditor
from hub.telemetry.logging import Logger
from hub.telemetry.redaction import shown_path
from hub.transports.websocket import handshake
from hub.transports.websocket.handshake import (
    UNSURE,
    Admitted,
    Guards,
    Refused,
    Unsure,
    Upgrade,
    Verdict,
)

# Clients on a node at a time that have not said yet who they are.
MAX_UNKNOWN = 1_000
# Tells who shows a ticket, from a page of which origin; a ticket is good once.
Redeem = Callable[[str, str | None], Awaitable[Principal]]


class Doorman:
    """Decides on upgrades.

    Args:
        node: What this node offers.
        drain: Tells when the node goes away.
        rules: From where one may come.
        authentication: Whose a token is.
        redeem: Whose a ticket is.
        turnstile: How many may come.
        log: Gets a line a refusal.
        auditor: Is told of each.

    Attributes:
        turnstile: Counts who is here.
        unknown: How many are here that have not said yet who they are.
    """

    def __init__(
        self,
        node: Realtime,
        drain: Drain,
        *,
        rules: Rules,
        authentication: Authentication,
        redeem: Redeem,
        turnstile: Turnstile,
        log: Logger,
        auditor: Auditor,
    ) -> None:
        self.turnstile = turnstile
        self.unknown = 0
        self._node = node
        self._drain = drain
        self._rules = rules
        self._authentication = authentication
        self._redeem = redeem
        self._log = log
        self._auditor = auditor

    def judge(self, upgrade: Upgrade, address: str) -> Verdict | Unsure:
        """Decide on an upgrade, by what this node knows."""
        address = self._rules.proxies.client(address, upgrade.headers)
        verdict = self._judge(upgrade, address, self._identify, self._permit)
        if isinstance(verdict, Refused):
            self._note(verdict, upgrade, address)
        return verdict

    async def look_up(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide where that was unsure, by what the log knows."""
        address = self._rules.proxies.client(address, upgrade.headers)
        verdict: Verdict | Unsure
        try:
            principal = await self._settle(upgrade, address)
            verdict = self._judge(upgrade, address, lambda _: principal, self._demand)
        except HubError as failure:
            verdict = handshake.refuse(upgrade, failure)
        if isinstance(verdict, Unsure):
            raise TypeError("expected a verdict of those who look it up, got none")
        if isinstance(verdict, Refused):
            self._note(verdict, upgrade, address)
        return verdict

    async def demand(self, principal: Principal, channels: Sequence[str]) -> None:
        """Refuse channels that there are not, or that a principal may not read.

        Raises:
            ChannelNotFound, Forbidden: One of them.
        """
        await self._meet(channels)
        self._demand(principal, channels)

    def _identify(self, upgrade: Upgrade) -> Principal | Unsure | None:
        """Tell who it is, by what is remembered."""
        if not self._authentication.required:
            return ANONYMOUS
        shown = handshake.credential(upgrade)
        if shown.token is None and shown.ticket is None:
            self._check_room()
            return None
        known = self._authentication.remembered(shown.token)
        return UNSURE if known is None else known

    def _check_room(self) -> None:
        if self.unknown >= MAX_UNKNOWN:
            raise TooManyConnections("expected clients that say who they are, got many that wait")

    async def _find(self, upgrade: Upgrade, address: str) -> Principal:
        """Tell who it is, by what the log knows."""
        if not self._authentication.required:
            return ANONYMOUS
        shown = handshake.credential(upgrade)
        if shown.ticket is not None:
            with self._authentication.watch(shown.ticket, address):
                return await self._redeem(shown.ticket, handshake.origin(upgrade))
        return await self._authentication.find(shown.token, address)

    async def _settle(self, upgrade: Upgrade, address: str) -> Principal:
        """Tell who it is, once it is known what there is of what it asks for.

        That may take long, and nobody is among the connections yet to be ended: so whatever was
        revoked meanwhile, or taken out of the settings, has it asked again.
        """
        while True:
            principal = await self._find(upgrade, address)
            before = self._authentication.changes
            await self._meet(handshake.asked(upgrade.query) or ())
            self._authentication.check(principal)
            if self._authentication.changes == before:
                return principal
            if handshake.credential(upgrade).ticket is not None:
                # It is used, and its key may be gone.
                raise Unavailable("expected keys that stay while a ticket is taken: get another")

    def _permit(self, principal: Principal, channels: Sequence[str]) -> bool:
        fanout = self._node.fanout
        for channel in channels:
            if channel not in fanout.known:
                return False
            rights.check(principal, fanout, channel)
        return True

    def _demand(self, principal: Principal, channels: Sequence[str]) -> bool:
        if not self._permit(principal, channels):
            known = self._node.fanout.known
            unknown = next(name for name in channels if name not in known)
            there = ", ".join(rights.allowed(principal, self._node.fanout, sorted(known)))
            raise ChannelNotFound(f"channels: expected some of {there}, got {unknown[:128]!r}")
        return True

    def _admit(self, address: str, principal: Principal | None) -> None:
        if self._drain.begun:
            raise self._drain.refusal()
        self.turnstile.check(address, "" if principal is None else principal.name)

    def _judge(
        self,
        upgrade: Upgrade,
        address: str,
        identify: Callable[[Upgrade], Principal | Unsure | None],
        permit: Callable[[Principal, Sequence[str]], bool],
    ) -> Verdict | Unsure:
        guards = Guards(self._rules, identify, permit, partial(self._admit, address))
        verdict = handshake.judge(upgrade, guards)
        if not isinstance(verdict, Admitted):
            return verdict
        channels, subprotocol, _, principal, _ = verdict
        return Admitted(channels, subprotocol, address, principal, handshake.client(upgrade))

    async def _meet(self, channels: Sequence[str]) -> None:
        """Look for channels that no news told of here, up to the first that there is not."""
        fanout = self._node.fanout
        for channel in channels:
            if channel not in fanout.known:
                head = await self._node.queries.head(channel)
                if head is None:
                    return
                fanout.catch_up({channel: head})

    def _note(self, verdict: Refused, upgrade: Upgrade, address: str) -> None:
        code, path = verdict.failure.code, shown_path(upgrade.path)
        self._log.info("connection refused", code=code, path=path, peer=address)
        self._auditor.refused(verdict.failure, target=f"WS {path}", address=address)
