"""All of it, over one data file."""

from hub.stores.sqlite_webhooks.claims import SqliteClaims
from hub.stores.sqlite_webhooks.clearing import SqliteClearing
from hub.stores.sqlite_webhooks.endpoints import SqliteEndpoints
from hub.stores.sqlite_webhooks.queue import SqliteQueue
from hub.stores.sqlite_webhooks.received import SqliteReceived
from hub.stores.sqlite_webhooks.recording import SqliteRecording
from hub.stores.sqlite_webhooks.records import SqliteRecords
from hub.stores.sqlite_webhooks.replays import SqliteReplays


class SqliteWebhooks(
    SqliteEndpoints,
    SqliteQueue,
    SqliteClaims,
    SqliteRecording,
    SqliteRecords,
    SqliteClearing,
    SqliteReplays,
    SqliteReceived,
):
    """Endpoints, deliveries, replays and what was received, in the data file; see `SqlitePart`."""
