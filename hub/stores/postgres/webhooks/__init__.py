"""Webhooks on PostgreSQL; see `hub.stores.webhooks` for what they promise."""

from hub.stores.postgres.webhooks.store import PostgresWebhooks

__all__ = ["PostgresWebhooks"]
