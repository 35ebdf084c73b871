"""The fields: everything that can be set, typed, with units in their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hub.database_url import postgres_url, sqlite_file, without_secrets
from hub.settings import alerts, identity, limits, webhooks
from hub.settings.named import named as _help
from hub.settings.secret import Secret

DEFAULT_DATABASE_URL = "sqlite:///var/hub.db"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set; each field's `Meta` holds its name and its meaning."""

    host: Annotated[str, _help("HOST", "Address to listen on")] = "127.0.0.1"
    port: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=65535)],
        _help("PORT", "Port to listen on; 0 takes a free one"),
    ] = 8000
    database_url: Annotated[
        str,
        _help("DATABASE_URL", "Where the log is: sqlite:///FILE or postgresql://USER@HOST/NAME"),
    ] = DEFAULT_DATABASE_URL
    redis_url: Annotated[
        str | None,
        _help(
            "REDIS_URL",
            "Broker between nodes: redis:// rediss:// unix:// redis+sentinel:// redis+cluster://",
        ),
    ] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARN", "WARNING", "ERROR"],
        _help("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR"),
    ] = "INFO"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        _help("HUB_LOG_FORMAT", "json, console, or auto: console on a terminal"),
    ] = "auto"
    auth: identity.Auth = None
    api_key: identity.ApiKey = None
    api_key_roles: identity.ApiKeyRoles = "admin"
    jwt_secret: identity.JwtSecret = None
    jwt_secret_previous: identity.JwtSecretPrevious = None
    jwt_public_key: identity.JwtPublicKey = None
    jwks_url: identity.JwksUrl = ""
    jwt_issuer: identity.JwtIssuer = ""
    jwt_audience: identity.JwtAudience = ""
    allowed_hosts: identity.AllowedHosts = ""
    trusted_proxies: identity.TrustedProxies = ""
    ssl_certfile: identity.SslCertfile = ""
    ssl_keyfile: identity.SslKeyfile = ""
    ssl_keyfile_password: identity.SslKeyfilePassword = None
    ssl_ca_certs: identity.SslCaCerts = ""
    ssl_ciphers: identity.SslCiphers = ""
    env_file: identity.EnvFile = ""
    cors_origins: Annotated[
        str, _help("CORS_ORIGINS", "Origins besides our own whose pages may ask, comma-separated")
    ] = ""
    contract_locations: Annotated[
        str, _help("HUB_CONTRACT_LOCATIONS", "Locations that contracts may have, comma-separated")
    ] = "Chennai,Mumbai,Bengaluru,Hyderabad"
    artifacts_dir: Annotated[
        str, _help("HUB_ARTIFACTS_DIR", "Folder of artifacts; else beside the data file, or var/")
    ] = ""
    migrate_on_start: Annotated[
        bool, _help("HUB_MIGRATE_ON_START", "Apply pending migrations at start")
    ] = True
    history_max_events: Annotated[
        Count, _help("HUB_HISTORY_MAX_EVENTS", "Events a channel keeps at most")
    ] = 1_000_000
    history_max_age_h: Annotated[
        Positive, _help("HUB_HISTORY_MAX_AGE_H", "Hours that events are kept at most")
    ] = 24 * 30
    max_body_bytes: Annotated[Count, _help("HUB_MAX_BODY_BYTES", "Largest JSON body in bytes")] = (
        1024 * 1024
    )
    max_artifact_bytes: Annotated[
        Count, _help("HUB_MAX_ARTIFACT_BYTES", "Largest uploaded artifact in bytes")
    ] = 256 * 1024 * 1024
    max_frame_bytes: Annotated[
        Count, _help("HUB_MAX_FRAME_BYTES", "Largest WebSocket frame of a client in bytes")
    ] = 64 * 1024
    max_waiting_updates: Annotated[
        Count, _help("HUB_MAX_WAITING_UPDATES", "Updates that may wait for the disk; then 503")
    ] = 10_000
    max_connections: limits.MaxConnections = 0
    max_connections_per_ip: limits.MaxConnectionsPerIp = 1_000
    connect_rate: limits.ConnectRate = 1_000.0
    connect_rate_per_ip: limits.ConnectRatePerIp = 50.0
    max_connections_per_principal: limits.MaxConnectionsPerPrincipal = 10_000
    connect_rate_per_principal: limits.ConnectRatePerPrincipal = 500.0
    request_rate_per_ip: limits.RequestRatePerIp = 2_000.0
    request_rate: limits.RequestRate = 2_000.0
    publish_rate: limits.PublishRate = 5_000.0
    command_rate: limits.CommandRate = 500.0
    command_rate_per_principal: limits.CommandRatePerPrincipal = 20_000.0
    volatile_events_per_s: limits.VolatileEventsPerS = 10_000
    heartbeat_s: Annotated[
        Positive, _help("HUB_HEARTBEAT_S", "Seconds between two heartbeats of a connection")
    ] = 25.0
    head_poll_s: Annotated[
        Positive, _help("HUB_HEAD_POLL_S", "Seconds between two looks for events nobody told of")
    ] = 0.2
    pong_s: Annotated[
        Positive, _help("HUB_PONG_S", "Seconds that a client has to answer a ping")
    ] = 10.0
    max_behind_s: Annotated[
        Positive,
        _help(
            "HUB_MAX_BEHIND_S",
            "Seconds that a slow client may be behind without gaining; then it is sent away (4408)",
        ),
    ] = 60.0
    audit_key: Annotated[
        Secret | None,
        _help(
            "HUB_AUDIT_KEY",
            "Signs the audit log's seals (HMAC): at least 32 random bytes; of several, "
            "comma-separated, the first one signs",
        ),
    ] = None
    audit_max_age_days: Annotated[
        Positive, _help("HUB_AUDIT_MAX_AGE_DAYS", "Days that audit records are kept at most")
    ] = 365.0
    alert_webhook_failures: alerts.WebhookFailures = 0.05
    alert_response_s: alerts.ResponseSeconds = 10.0
    alert_job_running_s: alerts.JobRunningSeconds = 3600.0
    alert_auth_failures: alerts.AuthFailures = 50.0
    alert_broker_s: alerts.BrokerSeconds = 10.0
    alert_log_s: alerts.LogSeconds = 5.0
    send_webhooks: webhooks.Where = "serve"
    webhook_allow_networks: webhooks.AllowNetworks = ""
    webhook_allow_http: webhooks.AllowHttp = False
    webhook_ports: webhooks.Ports = ""
    webhook_secret_keys: webhooks.SecretKeys = None
    webhook_keep_days: webhooks.KeepDays = 14.0
    webhook_max_behind: webhooks.MaxBehind = 1_000_000
    webhook_disable_days: webhooks.DisableDays = 5.0
    webhook_concurrency: webhooks.Concurrency = 64
    webhook_receiver: webhooks.Receiver = None
    io_uring: Annotated[
        bool,
        _help("HUB_IO_URING", "Send to many sockets by one call, where the kernel lends io_uring"),
    ] = True
    drain_s: Annotated[Positive, _help("DRAIN_S", "Seconds that a stop may take")] = 10.0

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(name, getattr(self, name))}" for name in self.__struct_fields__)
        return f"Settings({', '.join(shown)})"

    @property
    def credentials(self) -> Sequence[str]:
        """Names of the settings that say who may come in, as far as they are set."""
        set_here = (self.api_key, self.jwt_secret, self.jwt_public_key, self.jwks_url)
        names = ("API_KEY", "JWT_SECRET", "JWT_PUBLIC_KEY", "JWKS_URL")
        return [name for name, value in zip(names, set_here, strict=True) if value]

    @property
    def static_keys(self) -> Sequence[str]:
        """The keys of API_KEY; each of them is a secret."""
        return [] if self.api_key is None else _words(self.api_key.reveal())

    @property
    def static_roles(self) -> Sequence[str]:
        """What they allow."""
        return _words(self.api_key_roles)

    @property
    def auth_required(self) -> bool:
        """Whether one must say who one is; not where the hub is for this machine alone."""
        if self.auth is not None:
            return self.auth == "required"
        return bool(self.credentials) or self.host not in LOOPBACK

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which the hub may be called; empty: any."""
        return frozenset(name.lower() for name in _words(self.allowed_hosts))

    @property
    def proxies(self) -> Sequence[str]:
        """Addresses and networks of proxies that are believed."""
        return _words(self.trusted_proxies)

    @property
    def data_file(self) -> Path:
        """The SQLite file; three slashes lead to a relative path, four to an absolute one."""
        return Path(sqlite_file(self.database_url))

    @property
    def postgres_url(self) -> str | None:
        """The PostgreSQL database as its driver wants it; None on SQLite."""
        return postgres_url(self.database_url)

    @property
    def data_place(self) -> str:
        """Where the data is, as it may be shown."""
        url = self.postgres_url
        return str(self.data_file.absolute()) if url is None else without_secrets(url)

    @property
    def artifacts_folder(self) -> Path:
        """Where uploaded artifacts are kept: beside the data file, and of no other one."""
        if self.artifacts_dir:
            return Path(self.artifacts_dir)
        if self.postgres_url is not None:
            return Path("var/artifacts")
        return self.data_file.with_name(f"{self.data_file.name}.artifacts")

    @property
    def locations(self) -> frozenset[str]:
        """The cities that exist."""
        return frozenset(_words(self.contract_locations))

    @property
    def origins(self) -> frozenset[str]:
        """Origins besides our own whose pages may ask."""
        return frozenset(_words(self.cors_origins))

    @property
    def audit_keys(self) -> tuple[bytes, ...]:
        """Keys of the audit log's seals; the first one signs."""
        text = "" if self.audit_key is None else self.audit_key.reveal()
        return tuple(word.encode() for word in _words(text))


def _shown(name: str, value: object) -> str:
    """Return a value without what may be a password in it."""
    if name not in {"database_url", "redis_url"} or not isinstance(value, str):
        return repr(value)
    try:
        return repr(without_secrets(value))
    except ValueError:
        return "…"


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
