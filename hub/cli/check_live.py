"""The check of `hub check --live`: does the hub answer that runs with these settings?"""

import http.client
import ssl

from hub.cli.finding import Finding
from hub.settings import Settings

PATIENCE_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 what they are called


def live_finding(settings: Settings) -> Finding:
    """Ask it for /health, where it listens and over TLS where it has a certificate."""
    scheme = "https" if settings.ssl_certfile else "http"
    host = _ANY.get(settings.host, settings.host)
    place = f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}/health"
    connection = _connection(settings, host)
    try:
        connection.connect()
        if settings.ssl_ca_certs:
            # Requests take a certificate that we do not have; its loop has shaken our hand.
            return Finding("hub", "ok", f"{place} asks for a certificate")
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Finding("hub", "failed", f"{place}: {error}", "look at its process and its log")
    finally:
        connection.close()
    # A refusal is an answer, too: of HUB_ALLOWED_HOSTS, which need not name this machine.
    if status < http.client.INTERNAL_SERVER_ERROR:
        return Finding("hub", "ok", f"{place} answers")
    return Finding("hub", "failed", f"{place}: {status}", "look at its log")


def _connection(settings: Settings, host: str) -> http.client.HTTPConnection:
    if not settings.ssl_certfile:
        return http.client.HTTPConnection(host, settings.port, timeout=PATIENCE_S)
    # Not who it is, only that it answers: its certificate has the name that the world knows.
    anybody = ssl._create_unverified_context()  # noqa: S323, SLF001 see above
    return http.client.HTTPSConnection(host, settings.port, timeout=PATIENCE_S, context=anybody)
