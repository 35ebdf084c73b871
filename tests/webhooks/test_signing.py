"""Signatures: what Standard Webhooks says, held to its own library and to the shared vectors."""

import base64
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, strategies as st
from joserfc.jwk import KeySet
from standardwebhooks import Webhook, WebhookVerificationError

from hub.model.endpoint import SigningKey
from hub.webhooks.signing import (
    PRIVATE,
    SHARED,
    key_document,
    live,
    new_key,
    public_text,
    sign,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "webhooks.json").read_text()
)
SECRETS = st.binary(min_size=24, max_size=64).map(
    lambda secret: SHARED + base64.b64encode(secret).decode()
)
IDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1
)
SECONDS = st.integers(min_value=0, max_value=4_000_000_000)
SECRET = SHARED + base64.b64encode(bytes(range(32))).decode()


def body_of(vector: dict[str, Any]) -> bytes:
    """Return the bytes that a vector is about."""
    if "body" in vector:
        return str(vector["body"]).encode()
    return base64.b64decode(vector["body_base64"])


@pytest.mark.parametrize(
    "vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS["signing"]]
)
def test_the_shared_vectors_are_what_we_sign(vector: dict[str, Any]) -> None:
    """The same headers as everybody else's who is held to the vectors, to the letter."""
    headers = sign(vector["keys"], vector["id"], vector["timestamp"], body_of(vector))

    assert dict(headers) == vector["headers"]


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=vector["name"])
        for vector in VECTORS["verifying"]
        if vector["verdict"] in {"ok", "no_match"}
    ],
)
def test_the_verdicts_of_the_vectors_are_those_of_the_primitives(vector: dict[str, Any]) -> None:
    """Nobody has to believe a vector: HMAC and Ed25519 themselves say the same."""
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    content = b"%b.%b." % (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode())
    entries = headers["webhook-signature"].split(" ")

    signed = any(
        holds(key, entry, content + body_of(vector)) for key in vector["keys"] for entry in entries
    )

    assert signed == (vector["verdict"] == "ok")


def holds(key: str, entry: str, content: bytes) -> bool:
    """Say whether an entry of the header is a signature by this key."""
    version, _, text = entry.partition(",")
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    if version == "v1" and key.startswith(SHARED):
        secret = base64.b64decode(key.removeprefix(SHARED))
        return signature == hmac.digest(secret, content, "sha256")
    if version != "v1a" or key.startswith(SHARED):
        return False
    try:
        public(key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def public(text: str) -> Ed25519PublicKey:
    """Return the key of `whpk_…`."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix("whpk_")))


@given(secret=SECRETS, event_id=IDS, at_s=SECONDS, body=st.text())
def test_the_official_library_signs_the_same(
    secret: str, event_id: str, at_s: int, body: str
) -> None:
    """Whatever the secret, the id, the second and the body."""
    event_id = event_id[:256]
    theirs = Webhook(secret).sign(event_id, datetime.fromtimestamp(at_s, UTC), body)

    assert dict(sign([secret], event_id, at_s, body.encode()))["webhook-signature"] == theirs


@given(old=SECRETS, new=SECRETS, body=st.text())
def test_the_official_library_takes_each_key_of_an_overlap(old: str, new: str, body: str) -> None:
    """A receiver with the old key and one with the new key take the same request; others do not."""
    now_s = int(datetime.now(UTC).timestamp())

    headers = dict(sign([new, old, new_key("v1a").secret], "evt", now_s, body.encode()))

    for secret in (old, new):
        Webhook(secret).verify(body.encode(), headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_key("v1").secret).verify(body.encode(), headers, json_parse=False)


@given(body=st.binary(), other=st.binary())
def test_only_the_signed_bytes_hold_by_the_public_key(body: bytes, other: bytes) -> None:
    """What is shown of an Ed25519 key verifies what the hub sent, and nothing else."""
    key = new_key("v1a")

    signature = dict(sign([key.secret], "evt", 7, body))["webhook-signature"]

    assert holds(key.shown, signature, b"evt.7." + body)
    assert holds(key.shown, signature, b"evt.7." + other) == (body == other)


def test_made_keys_are_of_full_length_and_differ() -> None:
    """32 random bytes each; an Ed25519 key shows its public half alone."""
    shared, private = new_key("v1"), new_key("v1a")

    assert len(base64.b64decode(shared.secret.removeprefix(SHARED))) == 32
    assert shared.shown == shared.secret
    assert len(base64.b64decode(private.secret.removeprefix(PRIVATE))) == 64
    assert private.shown == public_text(private.public)
    assert len({new_key("v1").secret for _ in range(20)} | {new_key("v1").id}) == 21


@pytest.mark.parametrize(
    ("keys", "event_id", "text"),
    [
        pytest.param([SECRET], "evt.1", "without a dot", id="an id with a dot"),
        pytest.param([SECRET], "evt 1", "printable ASCII", id="an id with a space"),
        pytest.param([SECRET], "evt\r\nx: y", "printable ASCII", id="an id with a line end"),
        pytest.param([SECRET], "", "printable ASCII", id="an empty id"),
        pytest.param([SECRET], "é", "printable ASCII", id="an id beyond ASCII"),
        pytest.param([], "evt", "at least one live key", id="no key"),
        pytest.param(["whsec_!!!"], "evt", "in base64", id="a key that is no base64"),
        pytest.param(["whsec_QUJD"], "evt", "24 to 64 bytes, got 3", id="a short secret"),
        pytest.param(["whsk_QUJD"], "evt", "32 or 64 bytes, got 3", id="a short private key"),
        pytest.param(["whpk_QUJD"], "evt", "begins with whsec_ or whsk_", id="a public key"),
        pytest.param(
            [PRIVATE + base64.b64encode(bytes(64)).decode()], "evt", "both halves", id="two halves"
        ),
    ],
)
def test_what_cannot_be_signed_is_refused(keys: list[str], event_id: str, text: str) -> None:
    """With a text that shows nothing of a key."""
    with pytest.raises(ValueError, match=text) as refused:
        sign(keys, event_id, 7, b"{}")

    assert not any(key[6:] in str(refused.value) for key in keys)
    assert refused.value.__cause__ is None


def test_a_key_signs_until_it_ends() -> None:
    """The second before its end it still does, at its end no more."""
    keys = [SigningKey("new", "v1", b"", 0), SigningKey("old", "v1", b"", 0, until_us=100)]

    assert [key.id for key in live(keys, 99)] == ["new", "old"]
    assert [key.id for key in live(keys, 100)] == ["new"]


def test_the_key_document_names_live_public_keys_by_their_id() -> None:
    """A JWK Set that libraries read; nothing secret, nothing that has ended, no shared secret."""
    made = new_key("v1a")
    keys = [
        SigningKey("b", "v1a", b"sealed", 0, made.public),
        SigningKey("a", "v1a", b"sealed", 0, new_key("v1a").public, until_us=200),
        SigningKey("ended", "v1a", b"sealed", 0, new_key("v1a").public, until_us=100),
        SigningKey("shared", "v1", b"sealed", 0),
    ]

    document = key_document(keys, 100)

    read = KeySet.import_key_set(document)  # type: ignore[arg-type]
    assert [key.kid for key in read.keys] == ["a", "b"]
    assert not any(key.is_private for key in read.keys)
    assert read.get_by_kid("b").as_dict()["x"] == (
        base64.urlsafe_b64encode(made.public).rstrip(b"=").decode()
    )
