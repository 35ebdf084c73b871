"""Server-Sent Events: the same subscriptions over plain HTTP."""
