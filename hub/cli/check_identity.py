"""The checks of `hub check` on who may come in: keys and certificates."""

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from hub.cli.finding import Finding
from hub.clock import SECOND_US, SystemClock
from hub.errors import Misconfigured
from hub.model.timestamp import to_rfc3339
from hub.settings import Settings

# A certificate that ends earlier is warned about.
SOON_US = 14 * 86_400 * SECOND_US


def identity_findings(settings: Settings) -> Iterator[Finding]:
    """Look at the keys of tokens and at the certificate, as far as there are any."""
    if settings.credentials or settings.auth_required:
        yield _keys(settings)
    if settings.ssl_certfile:
        yield _certificate(settings)


def _keys(settings: Settings) -> Finding:
    from hub.app.identity import own_keys

    try:
        count = len(own_keys(settings))
    except Misconfigured as error:
        return Finding("keys", "failed", str(error), "correct it, or unset it")
    if not settings.credentials:
        found = "AUTH=required, and no key in the settings"
        return Finding("keys", "ok", f"{found}: `hub token create` makes one")
    static = " and API_KEY" if settings.api_key is not None else ""
    served = f" and those of {settings.jwks_url}" if settings.jwks_url else ""
    return Finding("keys", "ok", f"AUTH=required, {count} keys of JWTs{static}{served}")


def _certificate(settings: Settings) -> Finding:
    from hub.transports.tls import context

    try:
        context(settings)
        text = Path(settings.ssl_certfile).read_bytes()
        ends = min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(text))
    except (Misconfigured, ValueError, OSError) as error:
        return Finding("certificate", "failed", str(error), "correct the files that HUB_SSL_ names")
    ends_us, now_us = int(ends.timestamp()) * SECOND_US, SystemClock().now_us()
    at = to_rfc3339(ends_us)[:19]
    place = settings.ssl_certfile
    if ends_us <= now_us:
        return Finding(
            "certificate", "failed", f"{place}: expired at {at}", "renew it, then SIGHUP"
        )
    if ends_us <= now_us + SOON_US:
        return Finding("certificate", "warning", f"{place}: expires at {at}", "renew, then SIGHUP")
    return Finding("certificate", "ok", f"{place}: good until {at}")
