"""Safety: combinations of settings that the hub does not start with."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from hub.database_url import sqlite_file
from hub.errors import Misconfigured
from hub.settings.fields import LOOPBACK, Settings
from hub.settings.strength import check_key, check_secret

_ORIGIN = re.compile(r"https?://[^/?#@*\s]+")
_REDIS = re.compile(r"(?:rediss?(?:\+sentinel|\+cluster)?|unix)://.")
# A name or an address in brackets; no port, no pattern.
_HOST = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9._-]+")


def check(settings: Settings) -> None:
    """Refuse what would not work, or not be safe.

    Raises:
        Misconfigured: With what to set instead.
    """
    _check_urls(settings)
    _check_access(settings)
    _check_keys(settings)
    _check_tls(settings)
    if not settings.locations:
        raise Misconfigured("HUB_CONTRACT_LOCATIONS: expected at least one location, got none")
    for origin in settings.origins:
        if not _ORIGIN.fullmatch(origin):
            raise Misconfigured(
                f"CORS_ORIGINS: expected origins like https://a.example, got {origin[:80]!r}"
            )


def doubts(settings: Settings) -> Iterator[str]:
    """Yield a warning for each thing that works, and is perhaps not meant."""
    if settings.jwks_url and not settings.jwt_audience:
        yield "JWKS_URL without JWT_AUDIENCE: tokens that were made without one are taken"
    if settings.jwks_url and not settings.jwt_issuer:
        yield "JWKS_URL without JWT_ISSUER: tokens of whoever else has keys there are taken"


def _check_access(settings: Settings) -> None:
    if settings.auth == "off" and settings.host not in LOOPBACK:
        raise Misconfigured(
            f"AUTH=off with HOST={settings.host} would open the hub to everybody who can reach it: "
            "unset AUTH and make a key with `hub token create`, or set HOST=127.0.0.1"
        )
    if settings.auth == "off" and settings.credentials:
        names = " and ".join(settings.credentials)
        raise Misconfigured(
            f"AUTH=off would ask nobody for {names}, which somebody relies on: unset one or other"
        )
    if not settings.auth_required and settings.proxies:
        raise Misconfigured(
            "HUB_TRUSTED_PROXIES expects AUTH=required, got off: a proxy would let the world in"
        )
    for proxy in settings.proxies:
        try:
            ip_network(proxy)
        except ValueError:
            raise Misconfigured(
                "HUB_TRUSTED_PROXIES: expected addresses or networks like 10.0.0.0/8, "
                f"got {proxy[:80]!r}"
            ) from None
    for host in settings.hosts:
        if not _HOST.fullmatch(host):
            raise Misconfigured(
                f"HUB_ALLOWED_HOSTS: expected names without ports, got {host[:80]!r}"
            )


def _check_keys(settings: Settings) -> None:
    if settings.api_key is not None:
        # One key of none is refused, too.
        for static in settings.static_keys or [""]:
            check_key("API_KEY", static)
    if settings.jwt_secret is not None:
        check_secret("JWT_SECRET", settings.jwt_secret.reveal())
    if settings.jwt_secret_previous is not None:
        check_secret("JWT_SECRET_PREVIOUS", settings.jwt_secret_previous.reveal())
        if settings.jwt_secret is None:
            raise Misconfigured("JWT_SECRET_PREVIOUS: expected JWT_SECRET beside it, got none")
    for key in settings.audit_keys:
        check_secret("HUB_AUDIT_KEY", key.decode())
    if settings.jwks_url:
        _check_jwks(settings)


def _check_jwks(settings: Settings) -> None:
    try:
        parts = urlsplit(settings.jwks_url)
        host = parts.hostname or ""
    except ValueError:
        raise Misconfigured("JWKS_URL: expected https://HOST/PATH, got no address") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        # Over plain http whoever is in between could bring keys of his own.
        raise Misconfigured(
            "JWKS_URL: expected https://HOST/PATH, or http:// on this machine, "
            f"got {parts.scheme[:20]}://{host[:80]}"
        )
    if parts.username is not None or parts.password is not None:
        raise Misconfigured("JWKS_URL: expected no user and password in it, got some")
    if not settings.jwt_issuer and not settings.jwt_audience:
        # Large providers sign the tokens of all their customers with the same keys.
        raise Misconfigured(
            "JWKS_URL alone would take every token that its keys sign, also those made for others: "
            "set JWT_ISSUER and JWT_AUDIENCE"
        )


def _check_tls(settings: Settings) -> None:
    others = {
        "HUB_SSL_KEYFILE": settings.ssl_keyfile,
        "HUB_SSL_KEYFILE_PASSWORD": settings.ssl_keyfile_password,
        "HUB_SSL_CA_CERTS": settings.ssl_ca_certs,
        "HUB_SSL_CIPHERS": settings.ssl_ciphers,
    }
    given = [name for name, value in others.items() if value]
    if given and not settings.ssl_certfile:
        # Else the hub would talk in clear where somebody believes otherwise.
        raise Misconfigured(f"{given[0]}: expected HUB_SSL_CERTFILE beside it, got none")


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
