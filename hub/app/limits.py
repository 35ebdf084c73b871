"""The limits of a node, from its settings; they may change while it runs."""

import asyncio
from resource import RLIMIT_NOFILE, getrlimit
from typing import NamedTuple

from hub.auth.guesses import Guesses
from hub.auth.turnstile import Limits, Turnstile, room_for
from hub.brokers.buckets import RedisBuckets
from hub.clock import Clock
from hub.errors import Unavailable
from hub.limits.gate import Gate, Rates
from hub.limits.sharing import EVERY_S, Sharing
from hub.limits.steady import Steady
from hub.settings import Settings
from hub.telemetry.logging import logger

# What they are made of, and what a reload brings to them.
LIMIT_FIELDS = (
    *("request_rate", "request_rate_per_ip", "publish_rate", "command_rate"),
    "command_rate_per_principal",
    *("max_connections", "max_connections_per_ip", "max_connections_per_principal"),
    *("connect_rate", "connect_rate_per_ip", "connect_rate_per_principal"),
)


class NodeLimits(NamedTuple):
    """What stands between clients and the hub.

    Attributes:
        gate: Judges requests, publishes and commands; counts what was refused, by limit.
        turnstile: Judges connections.
        guesses: Judges who shows tokens that nobody knows.
        required: Whether callers have names. Without, all of them are this machine's one user,
            whom nothing limits.
    """

    gate: Gate
    turnstile: Turnstile
    guesses: Guesses
    required: bool

    def take(self, settings: Settings) -> None:
        """Take new numbers; what was spent stays spent, who is in stays in."""
        self.gate.set(_rates(settings) if self.required else Rates())
        self.turnstile.set(_limits(settings, required=self.required))


def node_limits(settings: Settings, clock: Clock) -> NodeLimits:
    """Return the limits of a node that starts."""
    # One for both: what other nodes tell of their buckets is told in its time.
    steady = Steady(clock)
    gate = Gate(Rates(), steady)
    turnstile = Turnstile(Limits(), steady, gate.hits)
    gate.shared += turnstile.shared
    limits = NodeLimits(gate, turnstile, Guesses(clock, gate.hits), settings.auth_required)
    limits.take(settings)
    return limits


async def share(gate: Gate, url: str, log_id: str) -> None:
    """Let the limits hold for all nodes of a log together, until cancelled."""
    buckets = RedisBuckets(url, log_id)
    gate.sharing = sharing = Sharing(gate.shared, buckets, gate.now_us)
    log, away = logger("limits"), False
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                # A round without a word does not show that somebody is there.
                away = not await sharing.round() and away
            except Unavailable as failure:
                if not away:
                    log.warning("limits hold for each node alone", reason=failure.detail)
                away = True
    finally:
        await buckets.close()


def _rates(settings: Settings) -> Rates:
    return Rates(
        settings.request_rate_per_ip,
        settings.request_rate,
        settings.publish_rate,
        settings.command_rate,
        settings.command_rate_per_principal,
    )


def _limits(settings: Settings, *, required: bool) -> Limits:
    return Limits(
        settings.max_connections or room_for(getrlimit(RLIMIT_NOFILE)[0]),
        settings.max_connections_per_ip,
        settings.connect_rate,
        settings.connect_rate_per_ip,
        settings.max_connections_per_principal if required else 0,
        settings.connect_rate_per_principal if required else 0.0,
    )
