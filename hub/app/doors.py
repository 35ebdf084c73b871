"""The doors: what takes clients. Sockets, streams and HTTP, by the same rules."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from starlette.types import ASGIApp

from hub import __version__
from hub.app.identity import KEY_FIELDS, check_keys, renew_keys
from hub.app.inside import Inside
from hub.app.reloading import recording
from hub.app.resources import jobs_of, resources
from hub.app.watch import Watch, Watched, watch
from hub.auth.admission import Rules
from hub.auth.proxies import Proxies
from hub.readings import Readings
from hub.services.alerts import Alerts
from hub.services.job_times import JobTimes
from hub.settings import Settings
from hub.telemetry.logging import logger
from hub.telemetry.metrics import Exposition
from hub.telemetry.requests import Requests
from hub.transports.http.cors import Cors
from hub.transports.http.edge import Edge
from hub.transports.http.operations import OperationsResource
from hub.transports.http.pages import Pages
from hub.transports.http.route import Route
from hub.transports.http.routes import table
from hub.transports.http.site.build import build
from hub.transports.websocket.doorman import Doorman
from hub.transports.websocket.reception import NodeReception

# What a reload brings to the doors.
DOOR_FIELDS = ("cors_origins", "allowed_hosts", "trusted_proxies")


class Doors(NamedTuple):
    """The ASGI application of everything but WebSockets, who receives those, and who watches."""

    http: ASGIApp
    reception: NodeReception
    exposition: Exposition
    watch: Watch


def open_doors(inside: Inside) -> Doors:
    """Build what takes clients."""
    rules = _rules(inside)
    requests, jobs = Requests(), jobs_of(inside)
    watching = _watch(inside, requests)
    exposition = _exposition(inside, requests, jobs.times, watching.alerts)
    operations = OperationsResource(
        inside.status,
        inside.drain,
        exposition,
        watching.alerts,
        readers=inside.realtime.fanout.readers,
    )
    routes = table(resources(inside, jobs, operations, watching.alerts))
    cors = Cors(_edge(inside, rules, routes, requests), inside.settings.origins)
    inside.reloading.add(partial(_admit_again, rules, cors), *DOOR_FIELDS)
    renew = partial(renew_keys, inside.identity, inside.realtime.spawn)
    inside.reloading.add(renew, *KEY_FIELDS, check=check_keys)
    inside.reloading.taken.append(recording(inside.auditor))
    return Doors(cors, _reception(inside, rules), exposition, watching)


def _rules(inside: Inside) -> Rules:
    settings = inside.settings
    return Rules(
        open_mode=not inside.identity.authentication.required,
        origins=settings.origins,
        hosts=settings.hosts,
        proxies=Proxies(settings.proxies),
    )


def _reception(inside: Inside, rules: Rules) -> NodeReception:
    identity, log = inside.identity, logger("websocket")
    doorman = Doorman(
        inside.realtime,
        inside.drain,
        rules=rules,
        authentication=identity.authentication,
        redeem=identity.tickets.redeem,
        turnstile=inside.limits.turnstile,
        log=log,
        auditor=inside.auditor,
    )
    return NodeReception(
        inside.realtime,
        inside.connections,
        doorman=doorman,
        gate=inside.limits.gate,
        log=log,
        max_frame_bytes=inside.settings.max_frame_bytes,
    )


def _edge(inside: Inside, rules: Rules, routes: Sequence[Route], requests: Requests) -> Edge:
    settings = inside.settings
    return Edge(
        routes,
        rules=rules,
        authentication=inside.identity.authentication,
        gate=inside.limits.gate,
        drain=inside.drain,
        log=logger("http"),
        auditor=inside.auditor,
        max_body=settings.max_body_bytes,
        pages=Pages(build(routes, version=__version__, locations=settings.locations)),
        requests=requests,
    )


def _admit_again(rules: Rules, cors: Cors, settings: Settings) -> None:
    rules.origins, rules.hosts = settings.origins, settings.hosts
    rules.proxies = Proxies(settings.proxies)
    cors.allow(settings.origins)


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
