"""Settings: read once from the environment, typed, with units in their names.

The seeds' names stay bare (`PORT`, `DATABASE_URL`); our own begin with `HUB_`, so that a typo
can be told from somebody else's variable. `docs/settings.md` lists them; a test compares.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from hub.database_url import postgres_url, sqlite_file, without_secrets
from hub.environment import is_injected, unknown
from hub.errors import Misconfigured

DEFAULT_DATABASE_URL = "sqlite:///var/hub.db"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Most = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


def _help(name: str, text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra={"env": name})


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
    auth: Annotated[
        Literal["off", "required"] | None,
        _help("AUTH", "off (only on loopback, the default there) or required (comes later)"),
    ] = None
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
    max_connections: Annotated[
        Most,
        _help(
            "HUB_MAX_CONNECTIONS",
            "WebSockets and streams a node has open at most, but for its own machine's; then 429. "
            "0: as many as open files allow",
        ),
    ] = 0
    max_connections_per_ip: Annotated[
        Most,
        _help(
            "HUB_MAX_CONNECTIONS_PER_IP",
            "The same from one address, of IPv6 from one /64; 0: any number",
        ),
    ] = 1_000
    connect_rate: Annotated[
        Rate,
        _help(
            "HUB_CONNECT_RATE",
            "New WebSockets and streams a second, twice as many at once; then 429. "
            "Its own machine is not limited. 0: any number",
        ),
    ] = 1_000.0
    connect_rate_per_ip: Annotated[
        Rate, _help("HUB_CONNECT_RATE_PER_IP", "The same from one address; 0: any number")
    ] = 50.0
    volatile_events_per_s: Annotated[
        Count,
        _help("HUB_VOLATILE_EVENTS_PER_S", "Events/s of a volatile channel on a node; then 429"),
    ] = 10_000
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
    drain_s: Annotated[Positive, _help("DRAIN_S", "Seconds that a stop may take")] = 10.0

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


class Name(NamedTuple):
    """One setting: its field, its name in the environment, what it means, its default."""

    field: str
    env: str
    meaning: str
    default: object
    kind: Any


_ORIGIN = re.compile(r"https?://[^/?#@*\s]+")
_REDIS = re.compile(r"(?:rediss?(?:\+sentinel|\+cluster)?|unix)://.")
_WORDS = {"`int`": "a whole number", "`float`": "a number", "`bool`": "true or false"}
_CREDENTIALS = ("API_KEY", "JWT_SECRET", "JWKS_URL")


def names() -> Sequence[Name]:
    """Return every setting, in the order of its declaration."""
    kinds = get_type_hints(Settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(Settings):
        kind = kinds[field.name]
        # `_help` stands last in every annotation.
        meta: msgspec.Meta = get_args(kind)[-1]
        env = (meta.extra or {})["env"]
        found.append(Name(field.name, env, meta.description or "", field.default, kind))
    return found


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read the settings; also return warnings, one line each.

    Raises:
        Misconfigured: A value is wrong, or the combination is not safe.
    """
    known = names()
    values = {}
    for name in known:
        text = environ.get(name.env, "").strip()
        if text and not is_injected(name.env, text):
            values[name.field] = _read(name, text)
    settings = Settings(**values)
    _check(settings, environ)
    return settings, _warnings(settings, environ, {name.env for name in known})


def _read(name: Name, text: str) -> Any:
    """Return the value of a setting; case does not matter where there is a list of words."""
    words = _choice(name.kind)
    if words:
        text = next((word for word in words if word.lower() == text.lower()), text)
    try:
        return msgspec.convert(text, name.kind, strict=False)
    except msgspec.ValidationError as error:
        expected = " or ".join(words) or _expected(str(error))
        raise Misconfigured(f"{name.env}: expected {expected}, got {text[:80]!r}") from error


def _check(settings: Settings, environ: Mapping[str, str]) -> None:
    _check_urls(settings)
    present = [name for name in _CREDENTIALS if environ.get(name)]
    if present or settings.auth == "required":
        cause = " and ".join(present) or "AUTH=required"
        raise Misconfigured(
            f"{cause} asks for credentials, which this version cannot check yet: "
            "unset it and serve on loopback only, behind nothing"
        )
    if settings.host not in LOOPBACK:
        raise Misconfigured(
            f"HOST={settings.host} would open the hub to everybody who can reach it: "
            "set HOST=127.0.0.1 (credentials come in a later version)"
        )
    if not settings.locations:
        raise Misconfigured("HUB_CONTRACT_LOCATIONS: expected at least one location, got none")
    for origin in settings.origins:
        if not _ORIGIN.fullmatch(origin):
            raise Misconfigured(
                f"CORS_ORIGINS: expected origins like https://a.example, got {origin[:80]!r}"
            )


def _check_urls(settings: Settings) -> None:
    file = sqlite_file(settings.database_url)
    if settings.postgres_url is None and (not file or file == ":memory:" or file.endswith("/")):
        # Without what stands behind the scheme: it may hold a password.
        scheme = settings.database_url.partition("://")[0] if "://" in settings.database_url else ""
        got = f"{scheme}:// without a file" if scheme == "sqlite" else scheme or "no scheme"
        raise Misconfigured(
            f"DATABASE_URL: expected sqlite:///FILE or postgresql://USER@HOST/NAME, got {got}"
        )
    if settings.redis_url is not None and not _REDIS.match(settings.redis_url):
        # Without what stands behind the scheme: it may hold a password.
        scheme = settings.redis_url.partition("://")[0][:20]
        raise Misconfigured(
            "REDIS_URL: expected redis://, rediss://, unix://, redis+sentinel:// or "
            f"redis+cluster://, got {scheme!r}"
        )


def _warnings(settings: Settings, environ: Mapping[str, str], known: set[str]) -> list[str]:
    warnings = unknown(environ, known)
    if "?" in settings.database_url and settings.postgres_url is None:
        warnings.append("DATABASE_URL: what stands behind the ? is not used")
    return warnings


def _choice(kind: Any) -> tuple[str, ...]:
    """Return the words that a setting can be, where there is a list of them."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    parts = get_args(kind) if not isinstance(kind, msgspec.Meta) else ()
    return next((words for part in parts if (words := _choice(part))), ())


def _expected(message: str) -> str:
    """Put one message of msgspec, like "Expected `int` >= 1", into words of people."""
    text = message.removeprefix("Expected ").partition(", got ")[0]
    for word, meant in _WORDS.items():
        text = text.replace(word, meant)
    return text


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
