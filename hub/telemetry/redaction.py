"""Redaction: what may stand in an address and must not stand in a log.

Secrets belong into headers, and the hub logs no queries. But people paste: a whole API key where
its id was asked for, or a ticket behind a `?` that some client has encoded.
"""

import re

_SECRETS = re.compile(
    r"(hub_[0-9A-Za-z]+_)[0-9A-Za-z_-]+"  # an API key: its id may be shown
    r"|((?:ticket|token|access_token|api_key)=)[^&\s]+"
    r"|(ey[A-Za-z0-9_-]{5,}\.)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # a JWT: its header may be shown
    r"|(whs(?:ec|k)_)[0-9A-Za-z+/=_-]+"  # what signs webhooks
)


def redacted(text: str) -> str:
    """Return a text without the secrets that can be told by their form."""
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)


def shown_path(path: str) -> str:
    """Return a path that is safe to show on a terminal (CWE-150), no secret, and not too long."""
    path = redacted(path)[:200]
    return path if path.isprintable() else path.encode("unicode_escape").decode()
