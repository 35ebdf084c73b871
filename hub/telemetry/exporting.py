"""Exporting: whether spans go anywhere, as the standard variables of OpenTelemetry say it.

`OTEL_EXPORTER_OTLP_ENDPOINT`, or the same for traces alone, names the collector; without it nothing
of OpenTelemetry is even loaded.
"""

import os

from hub.telemetry.logging import logger
from hub.telemetry.spans import Spans

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"


def open_spans(node: str) -> Spans | None:
    """Return where the spans of this node go; None: nobody wants them, or they cannot go there.

    What stands in the way is said in the log and stops nobody: a hub without traces is a hub.
    """
    if not _first(ENDPOINTS) or _says("OTEL_SDK_DISABLED", "true"):
        return None
    if _says("OTEL_TRACES_EXPORTER", "none"):
        return None
    log = logger("traces")
    protocol = _first(PROTOCOLS) or PROTOCOL
    if protocol != PROTOCOL:
        log.warning("no traces are exported", expected=f"OTLP by {PROTOCOL}", got=protocol[:80])
        return None
    try:
        # Only here: it takes 0.2 s to load, and most hubs export nothing.
        from hub.telemetry.otel import OtelSpans  # noqa: PLC0415
    except ImportError as missing:
        log.warning(
            "no traces are exported",
            expected="pip install 'hub-server[otel]'",
            got=f"no module {missing.name}",
        )
        return None
    return OtelSpans(node)


def _first(names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), "")


def _says(name: str, word: str) -> bool:
    return os.environ.get(name, "").strip().lower() == word
