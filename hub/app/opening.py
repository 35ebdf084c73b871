"""Opening: from the settings to a log, a broker, and a node between them."""

import socket
from pathlib import Path

from hub.app.node import Node
from hub.app.working import Working
from hub.brokers.base import Broker
from hub.brokers.memory import MemoryBroker
from hub.brokers.redis import RedisBroker
from hub.clock import Clock, SystemClock
from hub.errors import Misconfigured
from hub.settings import Settings
from hub.stores.base import Store
from hub.stores.log import SqliteLog
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.sqlite import DataFile


def open_log(settings: Settings, clock: Clock) -> Store:
    """Return the log: a data file that is open and up to date, or a database to open.

    Raises:
        Misconfigured: The file is held by another hub, cannot be written, or its schema is not
            what this hub needs.
    """
    url = settings.postgres_url
    if url is not None:
        return PostgresLog(Database(url), clock, migrate=settings.migrate_on_start)
    file = DataFile(settings.data_file, shared=settings.redis_url is not None)
    log = SqliteLog(file, clock)
    pending = log.pending()
    if pending and not settings.migrate_on_start:
        raise Misconfigured(
            f"{len(pending)} pending migrations, from {pending[0].name}: run `hub migrate`, "
            "or set HUB_MIGRATE_ON_START=1"
        )
    log.migrate()
    return log


def create(settings: Settings, worker_socket: Path | None = None) -> Node:
    """Build a node: alone on the embedded default, or one of many with REDIS_URL.

    Args:
        settings: How.
        worker_socket: Of this worker; those behind the same port lie beside it. None: it is alone.

    Raises:
        Misconfigured: See `open_log` and `RedisBroker`.
    """
    clock = SystemClock()
    broker = _open_broker(settings)
    log = open_log(settings, clock)
    return Node(settings, log, clock=clock, broker=broker, worker_socket=worker_socket)


def create_worker(settings: Settings, scraped: socket.socket | None = None) -> Working:
    """Build a process that only sends webhooks.

    Args:
        settings: How.
        scraped: Where its numbers can be read; None: nowhere.

    Raises:
        Misconfigured: See `open_log` and `RedisBroker`.
    """
    clock = SystemClock()
    broker = _open_broker(settings)
    log = open_log(settings, clock)
    return Working(settings, log, clock=clock, broker=broker, scraped=scraped)


def _open_broker(settings: Settings) -> Broker:
    return RedisBroker(settings.redis_url) if settings.redis_url else MemoryBroker()
