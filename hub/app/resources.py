"""The resources: what every route of HTTP leads to."""

from random import SystemRandom

from hub.app.inside import Inside
from hub.app.operators import operators
from hub.app.webhook_doors import Around, webhook_resources
from hub.services.alerts import Alerts
from hub.services.artifacts import Artifacts
from hub.services.channels import Channels
from hub.services.contracts import Contracts
from hub.services.definitions import Definitions
from hub.services.jobs import Jobs
from hub.services.tokens import Tokens
from hub.transports.http.alerts import AlertsResource
from hub.transports.http.audit import AuditResource
from hub.transports.http.channels import ChannelsResource
from hub.transports.http.contracts import ContractsResource
from hub.transports.http.history import HistoryResource
from hub.transports.http.jobs import JobsResource
from hub.transports.http.operations import OperationsResource
from hub.transports.http.routes import Resources
from hub.transports.http.tokens import TokensResource
from hub.transports.http.webhook_routes import WebhookResources
from hub.transports.sse.reception import StreamReception
from hub.transports.sse.resource import EventsResource


def resources(
    inside: Inside,
    jobs: Jobs,
    operations: OperationsResource,
    alerts: Alerts,
) -> Resources:
    """Build what every route leads to."""
    histories = HistoryResource(inside.history)
    asking = operators(inside)
    return Resources(
        contracts=_contracts(inside, histories),
        jobs=_jobs_resource(inside, jobs),
        history=histories,
        channels=_channels(inside),
        operations=operations,
        events=_events(inside),
        tokens=_tokens(inside),
        audit=AuditResource(inside.log.audit),
        traces=asking.traces,
        alerts=AlertsResource(alerts),
        connections=asking.connections,
        stats=asking.stats,
        webhooks=_webhooks(inside),
    )


def _webhooks(inside: Inside) -> WebhookResources:
    around = Around(
        inside.settings,
        inside.clock,
        inside.log,
        inside.auditor,
        inside.history.readers,
        inside.limits.gate.hits,
    )
    return webhook_resources(inside.webhooks, around)


def _contracts(inside: Inside, histories: HistoryResource) -> ContractsResource:
    epoch, locations = inside.realtime.fanout.epoch, inside.settings.locations
    contracts = Contracts(inside.publisher, inside.clock, epoch, locations)
    return ContractsResource(contracts, histories, inside.status)


def jobs_of(inside: Inside) -> Jobs:
    """Build what decides on jobs; the metrics ask it too."""
    return Jobs(inside.publisher, inside.log, inside.realtime.fanout.epoch)


def _jobs_resource(inside: Inside, jobs: Jobs) -> JobsResource:
    settings = inside.settings
    artifacts = Artifacts(jobs, settings.artifacts_folder, settings.max_artifact_bytes)
    return JobsResource(jobs, artifacts)


def _channels(inside: Inside) -> ChannelsResource:
    fanout = inside.realtime.fanout
    definitions = Definitions(
        inside.publisher,
        inside.log,
        followers=lambda: fanout.interest.followers,
        learn=fanout.learn,
    )
    channels = Channels(
        inside.publisher, inside.volatile, fanout.epoch, fanout.known, definitions.look
    )
    return ChannelsResource(channels, definitions, inside.auditor)


def _events(inside: Inside) -> EventsResource:
    streams = StreamReception(
        inside.realtime,
        inside.connections,
        inside.drain,
        inside.limits.turnstile,
        chance=SystemRandom(),
    )
    return EventsResource(streams)


def _tokens(inside: Inside) -> TokensResource:
    revocations, tickets = inside.identity.revocations, inside.identity.tickets
    tokens = Tokens(inside.log.credentials, inside.clock, revocations.look)
    return TokensResource(tokens, revocations, tickets, inside.auditor)
