"""A contract update, as systems that knew the contract monitor send it: not a line has changed.

    python examples/poster/contract.py      to http://127.0.0.1:8000, or HUB_URL, with HUB_TOKEN

`Backend/` beside this file gives `hub_client.MCPClient` its old name. What is new may as well say
`from hub_client import MCPClient`.
"""

from Backend.app.API_clients.mcp_clients.clients import MCPClient

client = MCPClient()
client.send_contract(
    {
        "contract_id": "external-123",
        "location": "Mumbai",
        "status": "active",
        "timestamp": "2024-01-01T12:00:00",
    }
)
