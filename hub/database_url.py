"""DATABASE_URL: what it names, in the forms that people and other tools write."""

import re
from urllib.parse import unquote, urlsplit

_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?")
_POSTGRES = re.compile(r"postgres(?:ql)?(?:\+\w+)?://(.+)")
# SQLAlchemy's asyncpg dialect says `ssl`, the server's own tools say `sslmode`.
_SSL = re.compile(r"([?&])ssl=")
_SSLMODE = r"\1sslmode="


def sqlite_file(url: str) -> str:
    """Return the path in `sqlite:///FILE`; empty where there is none.

    Taken apart by hand: `urlsplit` would end the path at a `#`.
    """
    found = _SQLITE.fullmatch(url)
    return unquote(found[1]) if found else ""


def postgres_url(url: str) -> str | None:
    """Return the address of a PostgreSQL database as its driver wants it; None for another."""
    found = _POSTGRES.fullmatch(url)
    return f"postgresql://{_SSL.sub(_SSLMODE, found[1])}" if found else None


def without_secrets(url: str) -> str:
    """Return the address of a PostgreSQL database, or of a Redis, as it may be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
