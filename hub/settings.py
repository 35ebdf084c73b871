"""Settings: read once from the environment, typed, with units in their names.

The seeds' names stay bare (`PORT`, `DATABASE_URL`); our own begin with `HUB_`, so that a typo
can be told from somebody else's variable. `docs/settings.md` lists them; a test compares.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from hub.errors import Misconfigured

DEFAULT_DATABASE_URL = "sqlite:///var/hub.db"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


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
        str, _help("DATABASE_URL", "Where the log is: sqlite:///FILE (postgresql:// comes later)")
    ] = DEFAULT_DATABASE_URL
    redis_url: Annotated[
        str | None, _help("REDIS_URL", "Broker between several processes (not used yet)")
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
    migrate_on_start: Annotated[
        bool, _help("HUB_MIGRATE_ON_START", "Apply pending migrations at start")
    ] = True
    history_max_events: Annotated[
        Count, _help("HUB_HISTORY_MAX_EVENTS", "Events a channel keeps at most")
    ] = 1_000_000
    history_max_age_h: Annotated[
        Seconds, _help("HUB_HISTORY_MAX_AGE_H", "Hours that events are kept at most")
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
    heartbeat_s: Annotated[
        Seconds, _help("HUB_HEARTBEAT_S", "Seconds between two heartbeats of a connection")
    ] = 25.0
    pong_s: Annotated[
        Seconds, _help("HUB_PONG_S", "Seconds that a client has to answer a ping")
    ] = 10.0
    drain_s: Annotated[Seconds, _help("DRAIN_S", "Seconds that a stop may take")] = 10.0

    @property
    def data_file(self) -> Path:
        """The SQLite file; artifacts lie in a folder beside it."""
        return Path(unquote(urlsplit(self.database_url).path[1:]))

    @property
    def artifacts_folder(self) -> Path:
        """Where uploaded artifacts are kept."""
        return self.data_file.parent / "artifacts"

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


# Read by the clients, by later versions, or by tools around the hub: no reason to warn.
_ALSO_KNOWN = frozenset({"HUB_URL", "HUB_TOKEN"})
_CREDENTIALS = ("API_KEY", "JWT_SECRET", "JWKS_URL")


def names() -> Sequence[Name]:
    """Return every setting, in the order of its declaration."""
    found = []
    for field in msgspec.inspect.type_info(Settings).fields:  # type: ignore[attr-defined]
        meta = field.type
        extra = meta.extra or {}
        found.append(
            Name(field.name, extra["env"], meta.extra_json_schema["description"], field.default)
        )
    return found


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read the settings; also return warnings, one line each.

    Raises:
        Misconfigured: A value is wrong, or the combination is not safe.
    """
    known = {name.env: name.field for name in names()}
    values = {
        field: environ[env]
        for env, field in known.items()
        if environ.get(env) and not _injected(env, environ[env])
    }
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(_explain(str(error), known)) from error
    _check(settings, environ)
    return settings, _warnings(settings, environ, set(known))


def _injected(env: str, value: str) -> bool:
    """Recognise what orchestrators inject: a Service named `x` sets `X_PORT=tcp://…`."""
    return env not in {"DATABASE_URL", "REDIS_URL"} and value.startswith(("tcp://", "udp://"))


def _check(settings: Settings, environ: Mapping[str, str]) -> None:
    scheme = urlsplit(settings.database_url).scheme.partition("+")[0]
    if scheme in {"postgresql", "postgres"}:
        raise Misconfigured(
            "DATABASE_URL names PostgreSQL, which this version cannot use yet: "
            f"unset it for the embedded default ({DEFAULT_DATABASE_URL})"
        )
    if scheme != "sqlite" or not urlsplit(settings.database_url).path.strip("/"):
        raise Misconfigured(
            f"DATABASE_URL: expected sqlite:///FILE, got {scheme or 'no'} scheme or no file"
        )
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
    if "*" in settings.origins:
        raise Misconfigured("CORS_ORIGINS: expected origins like https://a.example, got *")


def _warnings(settings: Settings, environ: Mapping[str, str], known: set[str]) -> list[str]:
    warnings = []
    for env in sorted(environ):
        if not env.startswith("HUB_") or env in known | _ALSO_KNOWN:
            continue
        if "_SERVICE_" in env or "_TCP" in env or "_UDP" in env or "://" in environ[env]:
            continue
        close = difflib.get_close_matches(env, sorted(known), 1)
        hint = f", did you mean {close[0]}?" if close else ""
        warnings.append(f"unknown setting {env}{hint}")
    if settings.redis_url is not None:
        warnings.append("REDIS_URL is not used yet: this version runs as one process")
    return warnings


def _explain(message: str, known: Mapping[str, str]) -> str:
    """Say the name in the environment instead of the field's."""
    text, _, field = message.partition(" - at `$.")
    env = next((env for env, name in known.items() if name == field.rstrip("`")), "settings")
    return f"{env}: {text[0].lower()}{text[1:]}"


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
