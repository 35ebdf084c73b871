"""The blocking client: threads, no event loop."""
