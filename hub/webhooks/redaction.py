"""Redaction: what a receiver sends back of the secrets it was sent is not kept.

Many a receiver repeats the request in its error page. Answers are kept as they came, and shown to
operators too; the headers of an endpoint are sealed, and shown to nobody.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from hub.webhooks.sender import Request

# Shorter ones are no secrets, and may be words of any text.
MIN_CHARS = 8
HIDDEN = b"***"
_OURS = frozenset({"content-type", "user-agent", "traceparent"})


def without_secrets(answer: bytes, request: Request | None) -> bytes:
    """Return an answer without the values of the endpoint's own headers and of its query."""
    if request is None or not answer:
        return answer
    found = {secret for secret in _secrets(request) if len(secret) >= MIN_CHARS}
    # The longest first: of `Bearer abc…` not only the second word.
    for secret in sorted(found, key=len, reverse=True):
        answer = answer.replace(secret.encode(), HIDDEN)
    return answer


def _secrets(request: Request) -> Iterator[str]:
    yield urlsplit(request.url).query
    for name, value in request.headers:
        if name not in _OURS and not name.startswith("webhook-"):
            yield value
            yield value.rpartition(" ")[2]
