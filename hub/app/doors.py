"""The doors: what takes clients. Sockets, streams and HTTP, by the same rules."""

from collections.abc import Callable
from functools import partial
from random import SystemRandom
from typing import NamedTuple

from starlette.types import ASGIApp

from hub import __version__
from hub.app.identity import KEY_FIELDS, Identity, check_keys, renew_keys
from hub.app.limits import NodeLimits
from hub.app.operators import operators
from hub.app.reloading import Reloading, recording
from hub.app.watch import Watch, Watched, watch
from hub.app.webhook_doors import Around, WebhookParts, webhook_resources
from hub.auth.admission import Rules
from hub.auth.proxies import Proxies
from hub.auth.turnstile import Turnstile
from hub.brokers.base import Health
from hub.clock import Clock
from hub.queries import NodeRealtime
from hub.readings import Readings, Sight
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.services.alerts import Alerts
from hub.services.artifacts import Artifacts
from hub.services.auditor import Auditor
from hub.services.channels import Channels
from hub.services.contracts import Contracts
from hub.services.definitions import Definitions
from hub.services.history import History
from hub.services.job_times import JobTimes
from hub.services.jobs import Jobs
from hub.services.polls import Polls
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from hub.services.sealer import Sealer
from hub.services.status import Status
from hub.services.tokens import Tokens
from hub.services.volatile import Volatile
from hub.settings import Settings
from hub.stores.base import Store
from hub.telemetry.logging import logger
from hub.telemetry.metrics import Exposition
from hub.telemetry.requests import Requests
from hub.telemetry.siblings import Siblings
from hub.transports.http.alerts import AlertsResource
from hub.transports.http.audit import AuditResource
from hub.transports.http.channels import ChannelsResource
from hub.transports.http.contracts import ContractsResource
from hub.transports.http.cors import Cors
from hub.transports.http.edge import Edge
from hub.transports.http.history import HistoryResource
from hub.transports.http.jobs import JobsResource
from hub.transports.http.operations import OperationsResource
from hub.transports.http.pages import Pages
from hub.transports.http.routes import Resources, table
from hub.transports.http.site.build import build
from hub.transports.http.tokens import TokensResource
from hub.transports.http.webhook_routes import WebhookResources
from hub.transports.sse.reception import StreamReception
from hub.transports.sse.resource import EventsResource
from hub.transports.websocket.doorman import Doorman
from hub.transports.websocket.reception import NodeReception
from hub.webhooks.measures import Measures

# What a reload brings to the doors.
DOOR_FIELDS = ("cors_origins", "allowed_hosts", "trusted_proxies")


class Inside(NamedTuple):
    """What the doors lead to; `node.Node` has built it."""

    settings: Settings
    clock: Clock
    identity: Identity
    limits: NodeLimits
    log: Store
    realtime: NodeRealtime
    connections: Connections
    drain: Drain
    publisher: Publisher
    volatile: Volatile
    history: History
    status: Status
    nodes: Nodes
    polls: Polls
    health: Callable[[], Health]
    auditor: Auditor
    sealer: Sealer
    sight: Sight
    siblings: Siblings
    reloading: Reloading
    measures: Measures
    webhooks: WebhookParts


class Doors(NamedTuple):
    """The ASGI application of everything but WebSockets, who receives those, and who watches."""

    http: ASGIApp
    reception: NodeReception
    exposition: Exposition
    watch: Watch


def open_doors(inside: Inside) -> Doors:
    """Build what takes clients."""
    settings = inside.settings
    identity = inside.identity
    rules = Rules(
        open_mode=not identity.authentication.required,
        origins=settings.origins,
        hosts=settings.hosts,
        proxies=Proxies(settings.proxies),
    )
    gate, turnstile = inside.limits.gate, inside.limits.turnstile
    log = logger("websocket")
    reception = NodeReception(
        inside.realtime,
        inside.connections,
        doorman=Doorman(
            inside.realtime,
            inside.drain,
            rules=rules,
            authentication=identity.authentication,
            redeem=identity.tickets.redeem,
            turnstile=turnstile,
            log=log,
            auditor=inside.auditor,
        ),
        gate=gate,
        log=log,
        max_frame_bytes=settings.max_frame_bytes,
    )
    requests, jobs = Requests(), _jobs(inside)
    watching = _watch(inside, requests)
    exposition = _exposition(inside, requests, jobs.times, watching.alerts)
    operations = OperationsResource(
        inside.status,
        inside.drain,
        exposition,
        watching.alerts,
        readers=inside.realtime.fanout.readers,
    )
    routes = table(_resources(inside, turnstile, jobs, operations, watching.alerts))
    site = build(routes, version=__version__, locations=settings.locations)
    edge: ASGIApp = Edge(
        routes,
        rules=rules,
        authentication=identity.authentication,
        gate=gate,
        drain=inside.drain,
        log=logger("http"),
        auditor=inside.auditor,
        max_body=settings.max_body_bytes,
        pages=Pages(site),
        requests=requests,
    )
    cors = Cors(edge, settings.origins)
    inside.reloading.add(partial(_admit_again, rules, cors), *DOOR_FIELDS)
    renew = partial(renew_keys, identity, inside.realtime.spawn)
    inside.reloading.add(renew, *KEY_FIELDS, check=check_keys)
    inside.reloading.taken.append(recording(inside.auditor))
    return Doors(cors, reception, exposition, watching)


def _admit_again(rules: Rules, cors: Cors, settings: Settings) -> None:
    rules.origins, rules.hosts = settings.origins, settings.hosts
    rules.proxies = Proxies(settings.proxies)
    cors.allow(settings.origins)


def _resources(
    inside: Inside,
    turnstile: Turnstile,
    jobs: Jobs,
    operations: OperationsResource,
    alerts: Alerts,
) -> Resources:
    histories = HistoryResource(inside.history)
    asking = operators(inside)
    return Resources(
        contracts=_contracts(inside, histories),
        jobs=_jobs_resource(inside, jobs),
        history=histories,
        channels=_channels(inside),
        operations=operations,
        events=_events(inside, turnstile),
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


def _jobs(inside: Inside) -> Jobs:
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


def _watch(inside: Inside, requests: Requests) -> Watch:
    return watch(
        Watched(
            settings=inside.settings,
            clock=inside.clock,
            log=inside.log,
            fanout=inside.realtime.fanout,
            publisher=inside.publisher,
            status=inside.status,
            nodes=inside.nodes,
            health=inside.health,
            requests=requests,
            auth_failures=inside.identity.authentication.failures,
            webhooks=inside.measures,
        )
    )


def _exposition(inside: Inside, requests: Requests, times: JobTimes, alerts: Alerts) -> Exposition:
    realtime = inside.realtime
    readings = Readings(
        broker=inside.health,
        nodes=inside.nodes,
        fanout=realtime.fanout,
        ladder=realtime.ladder,
        publisher=inside.publisher,
        sight=inside.sight,
        requests=requests,
        auth_failures=inside.identity.authentication.failures,
        gate=inside.limits.gate,
        auditor=inside.auditor,
        sealer=inside.sealer,
        jobs=times,
        alerts=alerts,
        webhooks=inside.measures,
    )
    return Exposition(readings.now, inside.siblings)


def _events(inside: Inside, turnstile: Turnstile) -> EventsResource:
    streams = StreamReception(
        inside.realtime, inside.connections, inside.drain, turnstile, chance=SystemRandom()
    )
    return EventsResource(streams)


def _tokens(inside: Inside) -> TokensResource:
    revocations, tickets = inside.identity.revocations, inside.identity.tickets
    tokens = Tokens(inside.log.credentials, inside.clock, revocations.look)
    return TokensResource(tokens, revocations, tickets, inside.auditor)
