"""The pages that are made of the code, as files of the project's `docs/` folder.

Made by `python -m hub.transports.http.site`; a test fails when they are stale.
"""

import re
from collections.abc import Mapping

from hub.transports.http.site import tables
from hub.transports.http.site.socket_page import socket_page

_NOTE = "<!-- Made by `python -m hub.transports.http.site` from {source}. -->\n\n"
_SOURCES = {
    "asyncapi.md": "hub/transports/http/documents/asyncapi.py",
    "errors.md": "hub/errors/ and hub/web/errors/",
    "metrics.md": "hub/telemetry/reading.py",
    "settings.md": "hub/settings/",
}


def copies() -> Mapping[str, str]:
    """Return the text of each file in `docs/`, by its name."""
    pages = {
        "asyncapi.md": socket_page(),
        "errors.md": tables.errors_page(),
        "metrics.md": tables.metrics_page(),
        "settings.md": tables.settings_page(),
    }
    return {
        name: _NOTE.format(source=_SOURCES[name]) + _relink(text) for name, text in pages.items()
    }


def _relink(text: str) -> str:
    """Turn addresses of the hub into paths of the repository; what has none loses its link."""
    text = re.sub(r"\(/docs/errors/(\w+)\)", r"(../hub/web/errors/\1.md)", text)
    text = re.sub(r"\(/docs/(\w+)", r"(\1.md", text)
    return re.sub(r"\[(/[\w.]+)\]\(\1\)", r"`\1`", text)
