"""The served documents as a reader gets them: through JSON, without a hub behind them."""

import functools
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from hub.settings import Settings
from hub.transports.http.alerts import AlertsResource
from hub.transports.http.audit import AuditResource
from hub.transports.http.callbacks import CallbacksResource, ReceiverResource
from hub.transports.http.channels import ChannelsResource
from hub.transports.http.connections import ConnectionsResource
from hub.transports.http.contracts import ContractsResource
from hub.transports.http.deliveries import DeliveriesResource
from hub.transports.http.documents import asyncapi as asyncapi_document, openapi as openapi_document
from hub.transports.http.history import HistoryResource
from hub.transports.http.jobs import JobsResource
from hub.transports.http.operations import OperationsResource
from hub.transports.http.routes import Resources, table
from hub.transports.http.stats import StatsResource
from hub.transports.http.tokens import TokensResource
from hub.transports.http.traces import TracesResource
from hub.transports.http.webhook_routes import WebhookResources
from hub.transports.http.webhooks import WebhooksResource
from hub.transports.sse.resource import EventsResource

_KINDS: tuple[Any, ...] = (
    ContractsResource,
    JobsResource,
    HistoryResource,
    ChannelsResource,
    OperationsResource,
    EventsResource,
    TokensResource,
    AuditResource,
    TracesResource,
    AlertsResource,
    ConnectionsResource,
    StatsResource,
    WebhookResources(WebhooksResource, DeliveriesResource, CallbacksResource, ReceiverResource),  # type: ignore[arg-type]
)

# The classes stand in for their instances: only the names of their methods are looked at.
ROUTES = table(Resources(*_KINDS))


@functools.cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    locations = Settings().locations
    return _read(openapi_document.document(ROUTES, version="0", locations=locations))


@functools.cache
def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    return _read(asyncapi_document.document(version="0"))


def schema_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of a document that stands on its own."""
    return {**schema, "components": document["components"]}


def _read(document: Mapping[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(document)))
