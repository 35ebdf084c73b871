"""Post to a Hub and listen to it: sync and async, resumable, typed.

>>> from hub_client import MCPClient
>>> client = MCPClient()
>>> client.close()
"""

from hub_client.aio.client import AsyncMCPClient
from hub_client.aio.jobs import AsyncJobs
from hub_client.aio.listener import AsyncListener
from hub_client.aio.webhooks import AsyncWebhooks
from hub_client.clock import LoopClock, ThreadClock
from hub_client.errors import (
    AuthenticationFailed,
    HistoryGap,
    HubError,
    InvalidStatus,
    JobNotFound,
    NetworkError,
    RequestRefused,
    SerializationError,
    TimedOut,
    WebhookFailed,
    WebhookVerificationFailed,
)
from hub_client.event import ContractUpdate, Event, JobUpdate, Snapshot, TaskUpdate
from hub_client.lag import Lag
from hub_client.state import ListenState, State
from hub_client.sync.client import MCPClient
from hub_client.sync.jobs import Jobs
from hub_client.sync.listener import Listener
from hub_client.sync.webhooks import Webhooks
from hub_client.tracing import traced
from hub_client.webhooks.decrypting import decrypt_webhook
from hub_client.webhooks.verifying import verify_signature, verify_webhook

__version__ = "0.1.0"

__all__ = [
    "AsyncJobs",
    "AsyncListener",
    "AsyncMCPClient",
    "AsyncWebhooks",
    "AuthenticationFailed",
    "ContractUpdate",
    "Event",
    "HistoryGap",
    "HubError",
    "InvalidStatus",
    "JobNotFound",
    "JobUpdate",
    "Jobs",
    "Lag",
    "ListenState",
    "Listener",
    "LoopClock",
    "MCPClient",
    "NetworkError",
    "RequestRefused",
    "SerializationError",
    "Snapshot",
    "State",
    "TaskUpdate",
    "ThreadClock",
    "TimedOut",
    "WebhookFailed",
    "WebhookVerificationFailed",
    "Webhooks",
    "__version__",
    "decrypt_webhook",
    "traced",
    "verify_signature",
    "verify_webhook",
]
