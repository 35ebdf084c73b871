"""The route table: every address of the hub, in one place."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec

from hub.errors import (
    ArtifactNotFound,
    BodyTooLarge,
    ChannelNotFound,
    Conflict,
    ConnectionNotFound,
    EventNotFound,
    Forbidden,
    IllegalTransition,
    InputNotExpected,
    InvalidFields,
    JobNotFound,
    LogUnavailable,
    LogWentBack,
    NodesSilent,
    Overloaded,
    RangeNotSatisfiable,
    RateLimited,
    ReservedChannel,
    RevocationNotFound,
    TokenNotFound,
    UnknownStatus,
)
from hub.model import scope as s
from hub.model.contract import ContractUpdate
from hub.model.event import CONTRACTS, JOBS
from hub.services.channels import MAX_EVENTS, NewEvent, PublishAnswer
from hub.services.contracts import TestAnswer, UpdateAnswer
from hub.services.definitions import ChannelsView, ChannelView, NewDefinition
from hub.services.job_reports import (
    Completion,
    JobAnswer,
    JobChanged,
    JobCreated,
    NewJob,
    StatusReport,
)
from hub.services.status import ContractsStatus, WebSocketStatus
from hub.services.tickets import TicketAnswer
from hub.services.token_forms import KeyCreated, KeysView, KeyView, NewKey, Rotation
from hub.services.traces import EventTrace
from hub.services.volatile import VolatileAnswer
from hub.transports.http.alerts import AlertsResource, AlertsView
from hub.transports.http.audit import (
    AuditParams,
    AuditResource,
    AuditView,
    SealsParams,
    SealsView,
)
from hub.transports.http.channels import ChannelsResource
from hub.transports.http.connections import (
    CloseParams,
    ConnectionClosed,
    ConnectionsParams,
    ConnectionsResource,
    ConnectionsView,
)
from hub.transports.http.contracts import ContractHistoryParams, ContractsResource
from hub.transports.http.history import HistoryAnswer, HistoryParams, HistoryResource
from hub.transports.http.jobs import JobParams, JobsParams, JobsResource, JobsView, JobView
from hub.transports.http.operations import Health, OperationsResource, Ready, ReadyParams
from hub.transports.http.route import EVENT_STREAM, FILE, Route
from hub.transports.http.stats import StatsParams, StatsResource, StatsView
from hub.transports.http.tokens import (
    LiftParams,
    NewRevocation,
    RevocationsView,
    RevocationView,
    TokensParams,
    TokensResource,
)
from hub.transports.http.traces import TracesResource
from hub.transports.http.webhook_routes import WebhookResources, webhook_routes
from hub.transports.sse.asking import EventsParams
from hub.transports.sse.resource import EventsResource

NewEvents = Annotated[list[NewEvent], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


class Resources(NamedTuple):
    """What the routes lead to."""

    contracts: ContractsResource
    jobs: JobsResource
    history: HistoryResource
    channels: ChannelsResource
    operations: OperationsResource
    events: EventsResource
    tokens: TokensResource
    audit: AuditResource
    traces: TracesResource
    alerts: AlertsResource
    connections: ConnectionsResource
    stats: StatsResource
    webhooks: WebhookResources


def table(to: Resources) -> Sequence[Route]:
    """Return every route; seed 3's, and only seed 3's, stand under `/api` too."""
    seed3 = _contracts(to)
    also = [
        route._replace(path=f"/api{route.path}", name=f"{route.name}UnderApi") for route in seed3
    ]
    rest = [*_channels(to), *_tokens(to), *_operations(to), *_audit(to)]
    rest += webhook_routes(to.webhooks)
    return [*seed3, *_jobs(to), *also, *rest]


def _contracts(to: Resources) -> list[Route]:
    contracts, tag, one = to.contracts, "contracts", CONTRACTS
    return [
        Route("POST", "/update", s.CONTRACTS_WRITE, contracts.update, "Send a contract update",
              UpdateAnswer, ContractUpdate, tag=tag, channel=one, name="updateContract"),
        Route("POST", "/test/update", s.CONTRACTS_WRITE, contracts.test,
              "Push a contract update marked as a test",
              TestAnswer, ContractUpdate, tag=tag, channel=one,
              name="testContractUpdate"),
        Route("GET", "/contracts/history", s.EVENTS_READ, contracts.history,
              "Read the history of contracts",
              HistoryAnswer, query=ContractHistoryParams, tag=tag, channel=one,
              name="readContractHistory"),
        Route("GET", "/contracts/status", s.STATUS_READ, contracts.status,
              "Count contracts by city and status",
              ContractsStatus, tag=tag, channel=one, name="countContracts"),
        Route("GET", "/ws/status", s.STATUS_READ, to.operations.websocket,
              "Count WebSocket connections",
              WebSocketStatus, tag=tag, name="countConnections"),
    ]  # fmt: skip


def _jobs(to: Resources) -> list[Route]:
    jobs, tag, one = to.jobs, "jobs", "/api/jobs/{job_id}"
    moves = (JobNotFound, UnknownStatus, IllegalTransition)
    rows = [
        Route("POST", "/api/jobs", s.JOBS_CREATE, jobs.create, "Create a job", JobCreated, NewJob,
              status=201, tag=tag, name="createJob"),
        Route("GET", "/api/jobs", s.JOBS_READ, jobs.list, "List jobs, newest first", JobsView,
              query=JobsParams, refusals=(UnknownStatus,), tag=tag, name="listJobs"),
        Route("POST", f"{one}/status", s.JOBS_REPORT, jobs.report,
              "Report status and progress", JobChanged,
              StatusReport, refusals=moves, tag=tag, name="reportJobStatus"),
        Route("GET", one, s.JOBS_READ, jobs.get, "Retrieve a job", JobView, query=JobParams,
              refusals=(JobNotFound,), tag=tag, name="getJob"),
        Route("POST", f"{one}/complete", s.JOBS_REPORT, jobs.complete,
              "Complete a job", JobChanged, Completion,
              refusals=moves, tag=tag, name="completeJob"),
        Route("POST", f"{one}/input", s.JOBS_ANSWER, jobs.answer,
              "Answer a job in NEEDS_INPUT", JobChanged,
              JobAnswer, refusals=(JobNotFound, InputNotExpected), tag=tag, name="answerJob"),
        Route("PUT", f"{one}/artifacts/{{name}}", s.JOBS_REPORT, jobs.upload,
              "Upload an artifact", JobChanged,
              refusals=(JobNotFound, BodyTooLarge, InvalidFields), tag=tag, media=FILE,
              name="uploadArtifact"),
        Route("GET", f"{one}/artifacts/{{name}}", s.JOBS_READ, jobs.download,
              "Download an artifact", None,
              refusals=(JobNotFound, ArtifactNotFound, RangeNotSatisfiable), tag=tag,
              media=FILE, name="downloadArtifact"),
    ]  # fmt: skip
    return [row._replace(channel=JOBS) for row in rows]


def _channels(to: Resources) -> list[Route]:
    tag, one = "channels", "/api/channels/{channel}"
    return [
        Route("GET", "/api/events", s.EVENTS_READ, to.events.events,
              "Follow channels as Server-Sent Events", str,
              query=EventsParams, refusals=(ChannelNotFound,), tag=tag, media=EVENT_STREAM,
              name="followEvents"),
        Route("GET", "/api/channels", s.STATUS_READ, to.channels.list,
              "List channels", ChannelsView, tag=tag,
              name="listChannels"),
        Route("GET", one, s.STATUS_READ, to.channels.get, "Retrieve a channel", ChannelView,
              refusals=(ChannelNotFound,), tag=tag, name="getChannel"),
        Route("PUT", one, s.CHANNELS_DEFINE, to.channels.define,
              "Make a custom channel, or change it", ChannelView,
              NewDefinition, refusals=(ChannelNotFound, ReservedChannel, Conflict), tag=tag,
              also=((201, ChannelView),), name="defineChannel"),
        Route("GET", f"{one}/history", s.EVENTS_READ, to.history.channel,
              "Read the history of a channel",
              HistoryAnswer, query=HistoryParams, refusals=(ChannelNotFound,), tag=tag,
              name="readChannelHistory"),
        Route("POST", f"{one}/events", s.EVENTS_PUBLISH, to.channels.publish,
              "Publish to a custom channel",
              PublishAnswer, NewEvent | NewEvents, status=201,
              refusals=(ChannelNotFound, ReservedChannel, RateLimited), tag=tag,
              also=((202, VolatileAnswer),), name="publishEvents"),
    ]  # fmt: skip


def _tokens(to: Resources) -> list[Route]:
    tokens, tag, one = to.tokens, "tokens", "/api/tokens/{token_id}"
    revoked = "/api/revocations"
    return [
        Route("POST", "/api/tokens", s.TOKENS_MANAGE, tokens.create, "Make an API key",
              KeyCreated, NewKey, status=201, refusals=(Forbidden,), tag=tag, name="createToken",
              keyed=False),
        Route("GET", "/api/tokens", s.TOKENS_MANAGE, tokens.list, "List API keys, newest first",
              KeysView, query=TokensParams, tag=tag, name="listTokens"),
        Route("GET", one, s.TOKENS_MANAGE, tokens.get, "Retrieve an API key", KeyView,
              refusals=(TokenNotFound,), tag=tag, name="getToken"),
        Route("POST", f"{one}/rotate", s.TOKENS_MANAGE, tokens.rotate,
              "Give an API key a new secret", KeyCreated, Rotation,
              refusals=(TokenNotFound, Forbidden, Conflict), tag=tag, name="rotateToken",
              keyed=False),
        Route("DELETE", one, s.TOKENS_MANAGE, tokens.revoke, "Revoke an API key", KeyView,
              refusals=(TokenNotFound,), tag=tag, name="revokeToken"),
        Route("GET", revoked, s.TOKENS_MANAGE, tokens.revocations,
              "List the tokens and principals that are refused", RevocationsView, tag=tag,
              name="listRevocations"),
        Route("POST", revoked, s.TOKENS_MANAGE, tokens.refuse,
              "Refuse a JWT by its id, or a principal by its name", RevocationView, NewRevocation,
              status=201, tag=tag, name="revoke", keyed=False),
        Route("DELETE", revoked, s.TOKENS_MANAGE, tokens.lift, "Refuse it no longer",
              RevocationsView, query=LiftParams, refusals=(RevocationNotFound,), tag=tag,
              name="liftRevocation"),
        Route("POST", "/api/ws/ticket", s.EVENTS_READ, tokens.ticket,
              "Get a ticket for one WebSocket", TicketAnswer, status=201, tag=tag,
              name="createTicket", keyed=False),
    ]  # fmt: skip


def _operations(to: Resources) -> list[Route]:
    operations, tag = to.operations, "operations"
    return [
        Route("GET", "/health", s.PUBLIC, operations.health,
              "Is the process alive", Health, tag=tag,
              name="checkHealth"),
        Route("GET", "/ready", s.PUBLIC, operations.ready, "Can events be written and told", Ready,
              query=ReadyParams, refusals=(LogUnavailable, LogWentBack), tag=tag,
              name="checkReadiness"),
        Route("GET", "/metrics", s.METRICS_READ, operations.metrics,
              "Read the metrics of this node", str,
              tag=tag, media="text/plain", name="readMetrics"),
        Route("GET", "/api/alerts", s.ALERTS_READ, to.alerts.list,
              "List the alerts that are raised, and recent ones", AlertsView, tag=tag,
              name="listAlerts"),
        Route("GET", "/api/events/{event_id}/trace", s.TRACES_READ, to.traces.get,
              "Tell what became of an event", EventTrace, refusals=(EventNotFound, Overloaded),
              tag=tag, name="traceEvent"),
        Route("GET", "/api/stats", s.STATUS_READ, to.stats.get,
              "Read rates and latency of now and lately, of all nodes", StatsView,
              query=StatsParams, refusals=(Overloaded,), tag=tag, name="readStats"),
        Route("GET", "/api/connections", s.CONNECTIONS_READ, to.connections.list,
              "List who is connected, to any node, newest first", ConnectionsView,
              query=ConnectionsParams, refusals=(Forbidden, Overloaded), tag=tag,
              name="listConnections"),
        Route("DELETE", "/api/connections/{client_id}", s.CONNECTIONS_CLOSE, to.connections.close,
              "Close a connection, of any node", ConnectionClosed, query=CloseParams,
              refusals=(ConnectionNotFound, NodesSilent, Overloaded), tag=tag,
              name="closeConnection"),
    ]  # fmt: skip


def _audit(to: Resources) -> list[Route]:
    tag = "audit"
    return [
        Route("GET", "/api/audit", s.AUDIT_READ, to.audit.list, "Read the audit log", AuditView,
              query=AuditParams, tag=tag, name="readAudit"),
        Route("GET", "/api/audit/seals", s.AUDIT_READ, to.audit.seals,
              "Read the seals of the audit log", SealsView, query=SealsParams, tag=tag,
              name="readAuditSeals"),
    ]  # fmt: skip
