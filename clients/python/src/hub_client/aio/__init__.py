"""The asyncio client: the same names as `sync`, awaited."""
