"""The audit log's nouns: what is noted of a deed, and the seals that chain the records.

A seal is made over a batch of records and the seal before it, so whoever changes, removes or puts
in a record must make every later seal anew, and then the last hash is another than the one that
was logged outside the database. Everything hashed is JSON as any language writes it
(docs/decisions/0015-audit.md).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

DONE = "done"
REFUSED = "access.refused"
FORGOTTEN = "audit.forget"

MAX_WORD = 128
MAX_TARGET = 256
MAX_DETAILS = 2_000
_SECRETS = re.compile(
    r"(hub_[0-9A-Za-z]+_)[\w-]+"  # an API key: its id may be shown
    r"|((?:ticket|token|access_token|api_key)=)[^&\s]+"
    r"|(eyJ)[\w-]+\.[\w.-]+"  # a JWT
    r"|(whs(?:ec|k)_)[0-9A-Za-z+/=_-]+"  # what signs webhooks
)


class Note(NamedTuple):
    """A deed, before it has its place in the log.

    Attributes:
        at_us: When, in microseconds since 1970.
        actor: Name of the principal; empty: nobody has shown who he is.
        credential: What was shown, as `Principal.credential` names it; never the secret.
        action: A word like `key.revoke`.
        target: What it was done to: an id, or method and path.
        outcome: `done`, or the code of the error.
        address: Of the client; empty where there is none.
        node: Who noted it.
        details: A JSON object.
    """

    at_us: int
    actor: str
    credential: str
    action: str
    target: str
    outcome: str
    address: str
    node: str
    details: str = "{}"


class Record(NamedTuple):
    """A note in its place: `seq` counts from 1, without holes, and `at_us` never falls."""

    seq: int
    at_us: int
    actor: str
    credential: str
    action: str
    target: str
    outcome: str
    address: str
    node: str
    details: str


class Seal(NamedTuple):
    """A batch of records, closed.

    Attributes:
        batch: Counts from 1, without holes.
        first_seq: Of its records, which follow those of the seal before.
        last_seq: Of its records.
        at_us: When.
        node: Who sealed.
        digest: SHA-256 of its records; see `digest`.
        previous: Hash of the seal before; empty in the first.
        hash: SHA-256 of all fields above; see `link`.
        hmac: Of the hash, with the key; empty where the hub had none.
    """

    batch: int
    first_seq: int
    last_seq: int
    at_us: int
    node: str
    digest: str
    previous: str
    hash: str
    hmac: str


def kept(note: Note, details: Mapping[str, Any] | None = None) -> Note:
    """Return a note as it may be kept: printable, of bounded length, without secrets.

    A record stands on terminals (CWE-150), and an attacker chooses what is in it.
    """
    words = (clean(word, MAX_WORD) for word in (note.actor, note.credential, note.action))
    actor, credential, action = words
    return Note(
        note.at_us,
        actor,
        credential,
        action,
        clean(note.target, MAX_TARGET),
        clean(note.outcome, MAX_WORD),
        clean(note.address, MAX_WORD),
        clean(note.node, MAX_WORD),
        note.details if details is None else told(details),
    )


def clean(text: str, most: int) -> str:
    """Return text without what moves a cursor, and without what looks like a credential."""
    text = text[: most * 2]
    if not text.isprintable():
        text = text.encode("unicode_escape").decode()
    return _SECRETS.sub(lambda found: f"{found[found.lastindex or 0]}…", text)[:most]


def told(details: Mapping[str, Any]) -> str:
    """Return details as a JSON object; one that is too long says only that it was."""
    text = msgspec.json.encode(_cleaned(details)).decode()
    return text if len(text) <= MAX_DETAILS else f'{{"left_out":{len(text)}}}'


def placed(note: Note, seq: int, at_us: int) -> Record:
    """Return a note in its place."""
    return Record(seq, at_us, *note[1:])


def details_of(record: Record) -> dict[str, Any]:
    """Return the details of a record; what somebody has made unreadable is told as text."""
    try:
        return msgspec.json.decode(record.details, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {"unreadable": clean(str(record.details), MAX_DETAILS)}


def forgetting(note: Note, seal: str, through: int, records: int, key: bytes | None) -> Note:
    """Return the note of what retention removes.

    Args:
        note: Who, and when.
        seal: Hash of the newest seal whose records are removed.
        through: Its last record.
        records: How many there were.
        key: Signs; else whoever owns the database could say that the hub had removed them.
    """
    details = {"through": through, "records": records}
    signed = {} if key is None else {"hmac": sign_end(seal, key)}
    return note._replace(action=FORGOTTEN, details=told({**details, **signed}))


def canonical(record: Record) -> bytes:
    """Return the bytes of a record that are hashed: its fields as a JSON list, and a newline."""
    return msgspec.json.encode(record) + b"\n"


def digest(records: Sequence[Record]) -> str:
    """Return the SHA-256 of records, one after the other."""
    return hashlib.sha256(b"".join(map(canonical, records))).hexdigest()


def link(seal: Seal) -> str:
    """Return the hash that a seal must have: SHA-256 of its fields, and whether it is signed.

    Not of the records themselves: the chain can be walked when they have been forgotten.
    """
    fields = (*seal[:7], bool(seal.hmac))
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def sign(hash_: str, key: bytes) -> str:
    """Return the HMAC-SHA256 of a hash."""
    return hmac.new(key, b"hub audit seal\n" + hash_.encode(), hashlib.sha256).hexdigest()


def sign_end(hash_: str, key: bytes) -> str:
    """Return the HMAC-SHA256 of the hash of a seal whose records, and all before, may be gone."""
    return hmac.new(key, b"hub audit forget\n" + hash_.encode(), hashlib.sha256).hexdigest()


def closed(
    previous: Seal | None, records: Sequence[Record], *, at_us: int, node: str, key: bytes | None
) -> Seal:
    """Close a batch: records that follow the seal before, at least one."""
    batch, before = (1, "") if previous is None else (previous.batch + 1, previous.hash)
    ends = (records[0].seq, records[-1].seq)
    # The hash says whether there is a signature, so none can be torn off unseen.
    bare = Seal(batch, *ends, at_us, node, digest(records), before, "", "" if key is None else "-")
    hash_ = link(bare)
    return bare._replace(hash=hash_, hmac="" if key is None else sign(hash_, key))


def is_signed(seal: Seal, keys: Sequence[bytes]) -> bool:
    """Say whether one of the keys has signed it."""
    # All of them are tried in constant time; str would refuse what is not ASCII.
    given = seal.hmac.encode("utf-8", "replace")
    return any(hmac.compare_digest(sign(seal.hash, key).encode(), given) for key in keys)


def is_end_signed(hash_: str, given: str, keys: Sequence[bytes]) -> bool:
    """Say whether one of the keys has signed that what this seal is of may be gone."""
    told_ = given.encode("utf-8", "replace")
    return any(hmac.compare_digest(sign_end(hash_, key).encode(), told_) for key in keys)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, MAX_DETAILS)
    if isinstance(value, Mapping):
        return {clean(str(name), MAX_WORD): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(item) for item in value]
    return value
