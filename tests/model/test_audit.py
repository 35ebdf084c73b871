"""The audit log's records: what is kept of a deed, and how it is hashed."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.model.audit import (
    MAX_DETAILS,
    MAX_TARGET,
    MAX_WORD,
    Note,
    canonical,
    closed,
    digest,
    kept,
    link,
    placed,
    sign,
    told,
)
from support.notes import KEY, a_note

SECRET = "hub_0a1b2c_" + "S3cret-" * 6
WEBHOOK = "whsec_" + "S3cret+/" * 5
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"


@given(st.lists(st.text(), min_size=7, max_size=7), st.dictionaries(st.text(), st.text()))
def test_whatever_is_noted_can_be_kept(words: list[str], details: dict[str, str]) -> None:
    """Bounded, printable, and of a form that both databases and any JSON reader take."""
    note = kept(Note(1, *words), details)

    record = placed(note, 1, 1)
    assert all(word.isprintable() for word in record[2:9])
    assert max(map(len, record[2:9])) <= MAX_TARGET
    assert len(record.details) <= MAX_DETAILS
    assert isinstance(json.loads(record.details), dict)
    assert "\\u0000" not in record.details
    assert canonical(record).decode() == (
        json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
    )


@pytest.mark.parametrize(
    "secret", [SECRET, JWT, WEBHOOK], ids=["a key", "a JWT", "what signs webhooks"]
)
@pytest.mark.parametrize("field", ["actor", "credential", "target", "address", "outcome"])
def test_what_looks_like_a_credential_is_not_kept(field: str, secret: str) -> None:
    """Somebody puts one where it does not belong, a path for example; its id may be seen."""
    shown: Any = {field: f"/a/{secret}/b"}
    note = kept(a_note(**shown), {secret: [secret, {"x": (secret,)}]})

    assert secret not in str(note)
    assert secret[11:] not in str(note)
    kept_of_it = {SECRET: "hub_0a1b2c_…", JWT: "eyJ…", WEBHOOK: "whsec_…"}
    assert kept_of_it[secret] in str(note)


def test_a_ticket_in_an_address_is_not_kept() -> None:
    """Some client has encoded the `?`, and it is a path."""
    note = kept(a_note("GET /ws?ticket=S3cret&x=1"), {"at": "/ws?access_token=S3cret"})

    assert (note.target, note.details) == ("GET /ws?ticket=…&x=1", '{"at":"/ws?access_token=…"}')


def test_a_credential_is_not_kept_by_halves() -> None:
    """Also where the end of the field cuts it."""
    for space in range(MAX_WORD * 2):
        note = kept(a_note(actor="x" * space + " " + SECRET))

        assert "S3cret" not in note.actor


def test_long_details_say_that_they_were_left_out() -> None:
    """A record has a size; what it was about stands in its other fields."""
    assert told({"x": "y" * 5_000}) == '{"left_out":2008}'


def test_hashes_can_be_made_by_anybody() -> None:
    """SHA-256 and HMAC of plain JSON: no code of ours is needed to check them."""
    records = [placed(a_note("ä"), 1, 7), placed(a_note("b"), 2, 8)]
    text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in records)

    made = closed(None, records, at_us=9, node="n", key=KEY)

    digested = hashlib.sha256(text.encode()).hexdigest()
    fields = json.dumps([1, 1, 2, 9, "n", digested, "", True], separators=(",", ":"))
    assert made.digest == digest(records) == digested
    assert made.hash == link(made) == hashlib.sha256(fields.encode()).hexdigest()
    assert made.hmac == sign(made.hash, KEY)


def test_without_a_key_a_seal_says_that_it_is_not_signed() -> None:
    """Its hash differs from that of a signed one, so no signature can be torn off unseen."""
    records = [placed(a_note(), 1, 7)]
    signed, bare = (closed(None, records, at_us=9, node="n", key=key) for key in (KEY, None))

    assert bare.hmac == ""
    assert signed.hash != bare.hash
    assert link(signed._replace(hmac="")) != signed.hash
