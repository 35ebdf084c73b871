"""The way to PostgreSQL: a pool of connections, and what its failures mean to us."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from hub.errors import LogUnavailable, Misconfigured

T = TypeVar("T")
Connection = Any  # asyncpg's own, or its proxy from the pool; it brings no types

CONNECTIONS = 8
CONNECT_WITHIN_S = 5.0
STATEMENT_WITHIN_S = 15.0
ATTEMPTS = 5
_SERVER = {
    "application_name": "hub",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    # A node that hangs in the middle of a group must not hold its channels for ever.
    "idle_in_transaction_session_timeout": "15s",
    "synchronous_commit": "on",
}
# Another group was in the way: nothing is wrong, and the next try succeeds. One whose node hangs
# is in the way for longer than a try; all tries together outlast it.
COLLISIONS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
# The connection is gone, or the server is: by restart, by failover, by an administrator.
LOST = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # We were led to a standby: the address will lead to the new primary in a moment.
    asyncpg.ReadOnlySQLTransactionError,
)
_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


class Database:
    """Connections to one database, opened when they are needed, replaced when they break.

    Args:
        url: postgresql://USER:PASSWORD@HOST:PORT/NAME.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            Misconfigured: Nothing answers there, or it refuses us; without the password.
        """
        try:
            await self._connected()
        except (*_REFUSED, ValueError, asyncpg.ClientConfigurationError) as error:
            raise Misconfigured(f"DATABASE_URL: PostgreSQL refuses: {error}") from None
        except LOST as error:
            reason = str(error) or type(error).__name__
            raise Misconfigured(
                f"DATABASE_URL: no PostgreSQL answers there: {reason}; start it, or unset "
                "DATABASE_URL for the embedded default"
            ) from None

    async def close(self) -> None:
        """Let all connections go."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), CONNECT_WITHIN_S)
            except LOST:
                pool.terminate()

    async def connect(self) -> Connection:
        """Open one connection beside the pool, for who holds it long."""
        return await asyncpg.connect(self._url, **_OPTIONS)

    async def use(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` on a connection of the pool."""
        pool = await self._connected()
        connection = await pool.acquire(timeout=CONNECT_WITHIN_S)
        try:
            return await work(connection)
        finally:
            # What was done stands: a connection that breaks on its way back must not make a
            # committed group look failed, for it would be run again, and doubled.
            with contextlib.suppress(*LOST):
                await pool.release(connection)

    async def again(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work that leaves nothing when it fails, again where that may help.

        Raises:
            LogUnavailable: The server is away.
        """
        for attempt in range(ATTEMPTS - 1):
            with contextlib.suppress(*COLLISIONS, *LOST):
                return await self.use(work)
            await pause(attempt)
        try:
            return await self.use(work)
        except (*COLLISIONS, *LOST) as error:
            raise unavailable(error) from error

    async def _connected(self) -> Any:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=1, max_size=CONNECTIONS, reset=_keep, **_OPTIONS
                )
        return self._pool


_OPTIONS: dict[str, Any] = {
    "timeout": CONNECT_WITHIN_S,
    "command_timeout": STATEMENT_WITHIN_S,
    "server_settings": _SERVER,
}


async def _keep(_connection: Connection) -> None:
    """Leave the session as it is: we set nothing in it, and a reset is one more round trip."""


def unavailable(error: BaseException) -> LogUnavailable:
    """Return what a lost server means to a caller."""
    return LogUnavailable(f"PostgreSQL is away: {str(error) or type(error).__name__}")


async def pause(attempt: int) -> None:
    """Wait before the next try: a little, then longer, never all at the same moment."""
    await asyncio.sleep(random.uniform(0.5, 1) * min(0.02 * 3**attempt, 1.0))  # noqa: S311 no secret
