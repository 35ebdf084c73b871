"""The post: how webhooks leave a process, how their requests are made, and what is secret of it."""

from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.errors import Conflict
from hub.settings import Settings
from hub.stores.webhooks import Leased
from hub.webhooks import encryption
from hub.webhooks.addresses import Own, Reach, read_networks, read_ports
from hub.webhooks.endpoint_reading import Checks
from hub.webhooks.endpoint_secrets import EndpointSecrets, Sealing
from hub.webhooks.envelope import CannotOpen
from hub.webhooks.names import Names
from hub.webhooks.request import build
from hub.webhooks.ring_file import ring_of
from hub.webhooks.sender import Request, Sender
from hub.webhooks.sending import HttpSender, tls_context
from hub.webhooks.targets import read_url
from hub.webhooks.worker import Build


class Post(NamedTuple):
    """What sends, and what makes the request of a delivery, at a time in microseconds."""

    sender: Sender
    build: Build
    secrets: EndpointSecrets
    checks: Checks


def open_post(settings: Settings, clock: Clock) -> Post:
    """Return it.

    Raises:
        Misconfigured: Networks, ports or keys of the settings are none.
    """
    # Where the port is chosen late the hub does not know itself; its hop header ends a loop.
    own = Own(settings.host, settings.port) if settings.port else None
    reach = Reach(
        read_networks(settings.webhook_allow_networks),
        settings.webhook_allow_http,
        read_ports(settings.webhook_ports),
        own,
    )
    sealing = _sealing(settings)
    sender = HttpSender(lambda: reach, Names(), clock, context=tls_context())

    def build_at(leased: Leased, at_us: int) -> Request:
        return build(leased, at_us // SECOND_US, sealing.open)

    checks = Checks(lambda url: read_url(url, reach).url, encryption.check)
    return Post(sender, build_at, EndpointSecrets(sealing), checks)


def _sealing(settings: Settings) -> Sealing:
    if settings.postgres_url is not None and settings.webhook_secret_keys is None:
        # A hub that has no webhooks must go on starting without keys for them.
        return _NoKeys()
    return ring_of(settings)


class _NoKeys:
    """Seals nothing: on PostgreSQL the keys have to be set."""

    def seal(self, plain: bytes, endpoint_id: str, field: str) -> bytes:  # noqa: ARG002 the port
        """Refuse."""
        raise Conflict(
            "expected HUB_WEBHOOK_SECRET_KEYS, which seal the secrets of webhooks, got none: set "
            "them, the same on all nodes"
        )

    def open(self, sealed: bytes, endpoint_id: str, field: str) -> bytes:  # noqa: ARG002 the port
        """Refuse."""
        raise CannotOpen("HUB_WEBHOOK_SECRET_KEYS is not set")
