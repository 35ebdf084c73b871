"""Receipts: every attempt of an endpoint is a link of a chain, so none can be changed or left out.

A receipt has a number, without holes, and the hash of the one before it. Whoever holds the newest
hash of an endpoint, written down elsewhere, can prove what was sent, when, and what was answered;
who changes an attempt, removes one or puts one in must make all later hashes anew. What is hashed
is JSON as any language writes it.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from hub.model.delivery import Attempt

# Stands in front of what is hashed; another form of receipts takes another word.
FORM = "hub-receipt-1"
_encode = msgspec.json.Encoder().encode


class Chain(NamedTuple):
    """Where the chain of an endpoint stands.

    Attributes:
        receipts: How many there are.
        hash: Of the newest; empty: there is none.
    """

    receipts: int
    hash: bytes


class Fault(NamedTuple):
    """A receipt at which a chain is broken, and how, in one line."""

    receipt: int
    why: str


def canonical(attempt: Attempt) -> bytes:
    """Return what is hashed of an attempt: a JSON array, without spaces, bytes as lower-case hex.

    Its answer stands in it as a SHA-256, so that a receipt can be shown without it.
    """
    return _encode(
        [
            FORM,
            attempt.receipt,
            attempt.previous.hex(),
            attempt.id,
            attempt.delivery_id,
            attempt.endpoint_id,
            attempt.event_id,
            attempt.number,
            attempt.worker,
            attempt.at_us,
            attempt.url,
            attempt.address,
            attempt.status,
            attempt.failure,
            attempt.detail,
            attempt.dns_us,
            attempt.connect_us,
            attempt.first_byte_us,
            attempt.total_us,
            attempt.sent.hex(),
            hashlib.sha256(attempt.answer).hexdigest(),
            attempt.answer_bytes,
        ]
    )


def chained(attempt: Attempt, chain: Chain) -> Attempt:
    """Return an attempt as the next link of a chain."""
    linked = attempt._replace(receipt=chain.receipts + 1, previous=chain.hash)
    return linked._replace(hash=hash_of(linked))


def hash_of(attempt: Attempt) -> bytes:
    """Return the hash of an attempt that has its number and the hash before it."""
    return hashlib.sha256(canonical(attempt)).digest()


def verify(attempts: Iterable[Attempt], before: Chain | None = None) -> Fault | None:
    """Return where a chain is broken; None: it is whole.

    Args:
        attempts: Of one endpoint, by their receipt numbers, ascending.
        before: Where the chain stood before the first; None: whatever that one says, for older
            receipts may have been forgotten.
    """
    for attempt in attempts:
        if before is None:
            before = Chain(attempt.receipt - 1, attempt.previous)
        if attempt.receipt != before.receipts + 1:
            return Fault(attempt.receipt, f"expected number {before.receipts + 1}")
        if attempt.previous != before.hash:
            return Fault(attempt.receipt, "it does not name the hash of the one before")
        if attempt.hash != hash_of(attempt):
            return Fault(attempt.receipt, "its hash is not that of what it says")
        before = Chain(attempt.receipt, attempt.hash)
    return None
