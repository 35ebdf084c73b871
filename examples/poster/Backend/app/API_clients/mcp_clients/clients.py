"""The client under the name by which systems of the contract monitor know it."""

from hub_client import MCPClient

__all__ = ["MCPClient"]
