"""TLS: the certificate that the hub shows, and whose certificates it asks for."""

import ssl

from hub.errors import Misconfigured
from hub.settings import Settings

# What a reload brings to it; the rest stands in the context from its beginning.
FIELDS = ("ssl_certfile", "ssl_keyfile", "ssl_keyfile_password")


def context(settings: Settings) -> ssl.SSLContext | None:
    """Return what sockets are secured with; None: nothing.

    Raises:
        Misconfigured: A file cannot be read, or does not fit the others.
    """
    if not settings.ssl_certfile:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8996: the older ones are broken.
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 9325, 3.4: a client that renegotiates without end costs a server more than itself.
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _show(made, settings)
    if settings.ssl_ca_certs:
        made.verify_mode = ssl.CERT_REQUIRED
        _trust(made, settings.ssl_ca_certs)
    if settings.ssl_ciphers:
        try:
            made.set_ciphers(settings.ssl_ciphers)
        except ssl.SSLError:
            raise Misconfigured("HUB_SSL_CIPHERS: expected names of OpenSSL, got none") from None
    return made


def check(settings: Settings) -> None:
    """Look whether `renew` could show this certificate.

    Raises:
        Misconfigured: It cannot be used, or there is none.
    """
    if context(settings) is None:
        raise Misconfigured("HUB_SSL_CERTFILE: expected a certificate as at the start, got none")


def renew(live: ssl.SSLContext, settings: Settings) -> None:
    """Show another certificate to those who connect from now on; who is here stays.

    Raises:
        Misconfigured: It cannot be used, and the one that was is shown on.
    """
    # Tried on one of its own: a key that does not fit would leave the live one with half of each.
    check(settings)
    _show(live, settings)


def _show(made: ssl.SSLContext, settings: Settings) -> None:
    password = settings.ssl_keyfile_password
    text = "" if password is None else password.reveal()
    try:
        # An empty password instead of none: OpenSSL would ask the terminal for one.
        made.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile or None, lambda: text)
    except (OSError, ValueError) as error:
        files = " and ".join(filter(None, (settings.ssl_certfile, settings.ssl_keyfile)))
        raise Misconfigured(
            f"HUB_SSL_CERTFILE, HUB_SSL_KEYFILE: cannot use {files}: {_cause(error)}"
        ) from None


def _trust(made: ssl.SSLContext, path: str) -> None:
    try:
        made.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"HUB_SSL_CA_CERTS: cannot use {path}: {_cause(error)}") from None


def _cause(error: OSError | ValueError) -> str:
    """Return why, in words: OpenSSL's are for its own programmers."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    if reason == "KEY_VALUES_MISMATCH":
        return "the key is of another certificate"
    if "PEM" in str(error) or "CERTIFICATE" in str(reason):
        return "no PEM of that kind is in it, or HUB_SSL_KEYFILE_PASSWORD is wrong"
    return str(reason)[:100]
