"""Webhooks on SQLite; see `hub.stores.webhooks` for what they promise."""

from hub.stores.sqlite_webhooks.store import SqliteWebhooks

__all__ = ["SqliteWebhooks"]
