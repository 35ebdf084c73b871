"""`verify_webhook`: from a request to the event that it brings."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub_client.errors import WebhookVerificationFailed
from hub_client.event import Event
from hub_client.listening.frames import Push
from hub_client.webhooks.keys import Secret, keys_of
from hub_client.webhooks.signature import (
    TOLERANCE_S,
    Body,
    Headers,
    check,
    check_time,
    claim_of,
    raw,
)


def verify_webhook(
    body: Body,
    headers: Headers,
    secret: Secret | Sequence[Secret | None],
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """Return the event that a webhook brings, if it is the hub that sent it.

    The event is the one that sockets get, with the same id, which is also the
    `webhook-id`: keep the ids that you dealt with, as an event may come twice.

    Args:
        body: As it came, byte by byte; not what a framework made of it.
        headers: Any mapping or pairs of names and values; names in any case.
        secret: `whsec_…`, or `whpk_…`, or its JWK; several while one replaces
            another. None and "" among several are passed over.
        tolerance_s: Seconds that the time of signing may lie back or ahead.
        now: Seconds since 1970, in tests.

    Raises:
        WebhookVerificationFailed: It is not from the hub, or not of now; `reason`
            says which. Whatever the request holds, nothing else is raised for it.
        ValueError: The secret is none, or the tolerance.
        ModuleNotFoundError: There is a public key, but no `hub-client[encryption]`.
    """
    content = raw(body)
    webhook_id = _verified(content, headers, secret, tolerance_s, now)
    return event_of(document_of(content), webhook_id)


def verify_signature(
    body: Body,
    headers: Headers,
    secret: Secret | Sequence[Secret | None],
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> str:
    """Return the `webhook-id`, and leave the body alone; else as `verify_webhook`."""
    return _verified(raw(body), headers, secret, tolerance_s, now)


def document_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        WebhookVerificationFailed: It is none.
    """
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
        # A compact JWE begins with a JSON object, too, but in base64.
        if content.startswith(b"eyJ"):
            text = "expected an event, got an encrypted one: decrypt_webhook reads it"
            raise WebhookVerificationFailed(text, reason="encrypted") from None
        raise _no_event(content, bad) from bad


def event_of(said: Mapping[str, Any], webhook_id: str | None = None) -> Event:
    """Return the event that a body says.

    Raises:
        WebhookVerificationFailed: It says none.
    """
    try:
        push = msgspec.convert({"channel": "", "id": webhook_id, **said, "frame": said}, Push)
    except msgspec.ValidationError as bad:
        raise _no_event(said, bad) from bad
    return Event(
        type=push.type,
        channel=push.channel,
        data=push.data(),
        offset=push.offset,
        id=push.id,
        timestamp=push.timestamp,
        test=push.test,
        trace=push.trace,
    )


def _no_event(got: object, bad: Exception) -> WebhookVerificationFailed:
    text = f"expected an event as JSON, got {got!r:.40}: {bad}"
    return WebhookVerificationFailed(text, reason="malformed_body")


def _verified(
    content: bytes,
    headers: Headers,
    secret: Secret | Sequence[Secret | None],
    tolerance_s: float,
    now: float | None,
) -> str:
    keys = keys_of(secret)
    claim = claim_of(headers)
    check_time(claim, tolerance_s, time.time() if now is None else now)
    check(claim, content, keys)
    return claim.id
