"""Hub: a WebSocket-first realtime event hub."""

__version__ = "0.1.0"
