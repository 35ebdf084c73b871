"""Scopes: what can be allowed, one word a kind of deed; and roles, which are sets of them.

Routes and commands name the scope that they need; credentials name roles, or fewer scopes.
"""

from collections.abc import Iterable, Mapping

# Anybody, without a credential: what says nothing of the data.
PUBLIC = ""

CONTRACTS_WRITE = "contracts:write"
JOBS_CREATE = "jobs:create"
JOBS_READ = "jobs:read"
JOBS_REPORT = "jobs:report"
JOBS_ANSWER = "jobs:answer"
# The jobs of other owners too; without it they are not there, and their events are not pushed.
JOBS_ANY = "jobs:any"
EVENTS_READ = "events:read"
EVENTS_PUBLISH = "events:publish"
CHANNELS_DEFINE = "channels:define"
STATUS_READ = "status:read"
METRICS_READ = "metrics:read"
ALERTS_READ = "alerts:read"
TRACES_READ = "traces:read"
# Who is connected, and what each follows.
CONNECTIONS_READ = "connections:read"
CONNECTIONS_CLOSE = "connections:close"
AUDIT_READ = "audit:read"
TOKENS_MANAGE = "tokens:manage"
# One's own endpoints, callbacks and what was delivered to them.
WEBHOOKS_MANAGE = "webhooks:manage"
# Those of others too; without it they are not there.
WEBHOOKS_ANY = "webhooks:any"

# What writes events.
PUBLISHES = frozenset({CONTRACTS_WRITE, JOBS_CREATE, JOBS_REPORT, JOBS_ANSWER, EVENTS_PUBLISH})

SCOPES = frozenset(
    {
        CONTRACTS_WRITE,
        JOBS_CREATE,
        JOBS_READ,
        JOBS_REPORT,
        JOBS_ANSWER,
        JOBS_ANY,
        EVENTS_READ,
        EVENTS_PUBLISH,
        CHANNELS_DEFINE,
        STATUS_READ,
        METRICS_READ,
        ALERTS_READ,
        TRACES_READ,
        CONNECTIONS_READ,
        CONNECTIONS_CLOSE,
        AUDIT_READ,
        TOKENS_MANAGE,
        WEBHOOKS_MANAGE,
        WEBHOOKS_ANY,
    }
)

ROLES: Mapping[str, frozenset[str]] = {
    "admin": SCOPES,
    "operator": SCOPES - {TOKENS_MANAGE, AUDIT_READ, CONTRACTS_WRITE},
    "publisher": frozenset({CONTRACTS_WRITE, EVENTS_PUBLISH, WEBHOOKS_MANAGE}),
    "agent": frozenset({JOBS_READ, JOBS_REPORT, EVENTS_READ}),
    "service": frozenset(
        {JOBS_CREATE, JOBS_READ, JOBS_REPORT, JOBS_ANSWER, EVENTS_READ, WEBHOOKS_MANAGE}
    ),
    "user": frozenset({JOBS_CREATE, JOBS_READ, JOBS_ANSWER, EVENTS_READ, STATUS_READ}),
    "viewer": frozenset({JOBS_READ, JOBS_ANY, EVENTS_READ, STATUS_READ, ALERTS_READ}),
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return what roles allow together; words that are no role allow nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
