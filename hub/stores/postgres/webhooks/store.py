"""All of it, over one database."""

from hub.stores.postgres.webhooks.claims import PostgresClaims
from hub.stores.postgres.webhooks.clearing import PostgresClearing
from hub.stores.postgres.webhooks.endpoints import PostgresEndpoints
from hub.stores.postgres.webhooks.queue import PostgresQueue
from hub.stores.postgres.webhooks.received import PostgresReceived
from hub.stores.postgres.webhooks.recording import PostgresRecording
from hub.stores.postgres.webhooks.records import PostgresRecords
from hub.stores.postgres.webhooks.replays import PostgresReplays


class PostgresWebhooks(
    PostgresEndpoints,
    PostgresQueue,
    PostgresClaims,
    PostgresRecording,
    PostgresRecords,
    PostgresClearing,
    PostgresReplays,
    PostgresReceived,
):
    """Endpoints, deliveries, replays and what was received; see `PostgresPart`."""
