"""Safety: combinations of settings that the hub does not start with."""

import re
from collections.abc import Mapping

from hub.database_url import sqlite_file
from hub.errors import Misconfigured
from hub.settings.fields import LOOPBACK, Settings

_ORIGIN = re.compile(r"https?://[^/?#@*\s]+")
_REDIS = re.compile(r"(?:rediss?(?:\+sentinel|\+cluster)?|unix)://.")
_CREDENTIALS = ("API_KEY", "JWT_SECRET", "JWKS_URL")


def check(settings: Settings, environ: Mapping[str, str]) -> None:
    """Refuse what would not work, or not be safe.

    Raises:
        Misconfigured: With what to set instead.
    """
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
