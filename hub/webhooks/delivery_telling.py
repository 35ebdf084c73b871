"""Deliveries and attempts as they are told."""

import base64
import hashlib
import unicodedata
from collections.abc import Sequence

from hub.model.delivery import ENDED, Attempt, Body, Delivery
from hub.model.replay import Replay
from hub.model.timestamp import to_rfc3339
from hub.webhooks import receipts
from hub.webhooks.delivery_forms import (
    AnswerView,
    AttemptView,
    DeliveryView,
    DeliveryWithAttempts,
    EventRef,
    ReceiptView,
    ReplayView,
)

# What a terminal or a page could take for an order (CWE-150), but for line ends and tabs.
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def delivery_view(delivery: Delivery, body: Body) -> DeliveryView:
    """Return a delivery as it may be shown; not what is delivered, which history tells."""
    event = EventRef(
        event_id=body.event_id,
        type=body.type,
        channel=body.channel,
        offset=body.offset,
        key=body.key,
        timestamp=to_rfc3339(body.at_us),
    )
    return DeliveryView(
        delivery_id=delivery.id,
        webhook_id=delivery.endpoint_id,
        event=event,
        state=delivery.state,
        round=delivery.round,
        attempts=delivery.attempts,
        reason=delivery.reason or None,
        created_at=to_rfc3339(delivery.created_at_us),
        due_at=None if delivery.state in ENDED else to_rfc3339(delivery.due_us),
        ended_at=_time(delivery.ended_at_us),
    )


def with_attempts(view: DeliveryView, attempts: Sequence[Attempt]) -> DeliveryWithAttempts:
    """Return the same with its attempts."""
    fields = {name: getattr(view, name) for name in view.__struct_fields__}
    return DeliveryWithAttempts(tried=[attempt_view(one) for one in attempts], **fields)


def attempt_view(attempt: Attempt) -> AttemptView:
    """Return an attempt as it may be shown to its endpoint's owner."""
    return AttemptView(
        attempt_id=attempt.id,
        delivery_id=attempt.delivery_id,
        webhook_id=attempt.endpoint_id,
        event_id=attempt.event_id,
        number=attempt.number,
        at=to_rfc3339(attempt.at_us),
        worker=attempt.worker,
        url=attempt.url,
        address=attempt.address or None,
        status=attempt.status,
        failure=attempt.failure,
        detail=printable(attempt.detail),
        dns_ms=_ms(attempt.dns_us),
        connect_ms=_ms(attempt.connect_us),
        first_byte_ms=_ms(attempt.first_byte_us),
        total_ms=attempt.total_us / 1000,
        sent_sha256=attempt.sent.hex(),
        answer=_answer(attempt),
        receipt=attempt.receipt,
        previous=attempt.previous.hex(),
        hash=attempt.hash.hex(),
    )


def receipt_view(attempt: Attempt) -> ReceiptView:
    """Return an attempt as a link of its endpoint's chain, without what was answered."""
    line = receipts.canonical(attempt).decode()
    return ReceiptView(receipt=attempt.receipt, line=line, hash=attempt.hash.hex())


def replay_view(replay: Replay) -> ReplayView:
    """Return a replay as it may be shown."""
    return ReplayView(
        replay_id=replay.id,
        webhook_id=replay.endpoint_id,
        state=replay.state,
        owner=replay.owner,
        states=[*replay.states],
        event_types=[*replay.event_types],
        since=_time(replay.since_us),
        channel=replay.channel or None,
        after=replay.after,
        cursor=replay.cursor,
        seen=replay.seen,
        again=replay.again,
        created_at=to_rfc3339(replay.created_at_us),
        ended_at=_time(replay.ended_at_us),
    )


def printable(text: str) -> str:
    """Return text without NULs and whatever else is no character that is seen."""
    return "".join(
        one for one in text if one in "\n\t" or unicodedata.category(one) not in _CONTROLS
    )


def readable(body: bytes) -> tuple[str, str]:
    """Return an encoding and a body in it: text, where it is that, else base64."""
    try:
        return "text", printable(body.decode())
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(body) - error.start < 4:  # noqa: PLR2004 UTF-8's longest
            # It was cut in the middle of a character.
            return "text", printable(body[: error.start].decode())
    return "base64", base64.b64encode(body).decode()


def _answer(attempt: Attempt) -> AnswerView:
    encoding, body = readable(attempt.answer)
    return AnswerView(
        encoding="text" if encoding == "text" else "base64",
        body=body,
        bytes=attempt.answer_bytes,
        sha256=hashlib.sha256(attempt.answer).hexdigest(),
    )


def _ms(took_us: int | None) -> float | None:
    return None if took_us is None else took_us / 1000


def _time(at_us: int) -> str | None:
    return to_rfc3339(at_us) if at_us else None
