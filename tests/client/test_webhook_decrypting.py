"""`decrypt_webhook`: whole bodies and single values, and what cannot be read."""

import contextlib
import sys
import warnings
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub_client import WebhookVerificationFailed, decrypt_webhook

EVENT = {
    "type": "contract_update",
    "channel": "contracts",
    "id": "018fe1c2-0000-7000-8000-000000000001",
    "data": {"contract_id": "c1", "location": "Mumbai", "status": "active", "timestamp": "t"},
}
KEY = OKPKey.generate_key("X25519", {"kid": "ours"})
OTHER = OKPKey.generate_key("X25519", {"kid": "theirs"})
PRIVATE = KEY.as_dict(private=True)


def sealed(value: object, key: Any = KEY, alg: str = "ECDH-ES+A256KW", **header: str) -> str:
    """Encrypt as a hub does."""
    protected = {"alg": alg, "enc": "A256GCM", **header}
    return jwe.encrypt_compact(
        protected, msgspec.json.encode(value), key, algorithms=[alg, "A256GCM"]
    )


def with_data(**data: object) -> bytes:
    """Return a body with other values in its data."""
    return msgspec.json.encode(EVENT | {"data": data})


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        pytest.param(KEY, "ECDH-ES+A256KW", id="X25519"),
        pytest.param(KEY, "ECDH-ES", id="X25519, without a wrapped key"),
        pytest.param(ECKey.generate_key("P-256"), "ECDH-ES+A256KW", id="P-256"),
        pytest.param(RSAKey.generate_key(2048), "RSA-OAEP-256", id="RSA"),
    ],
)
def test_a_whole_body_is_read(key: Any, alg: str) -> None:
    """Each kind of key that an endpoint may have."""
    event = decrypt_webhook(sealed(EVENT, key, alg).encode(), key.as_dict(private=True))

    assert (event.id, event.data) == (EVENT["id"], EVENT["data"])


def test_single_values_are_read_where_they_stand() -> None:
    """Text, objects and numbers come back as what they were, also in lists."""
    body = with_data(
        a=sealed("Mumbai"), b=[1, sealed({"x": [None]})], c={"d": sealed(3)}, e="eyJ.no", f="plain"
    )

    event = decrypt_webhook(body, msgspec.json.encode(PRIVATE))

    assert event.data == {
        "a": "Mumbai",
        "b": [1, {"x": [None]}],
        "c": {"d": 3},
        "e": "eyJ.no",
        "f": "plain",
    }


def test_the_whole_data_may_be_one_value() -> None:
    """Then the event's data is the object that was encrypted."""
    body = msgspec.json.encode(EVENT | {"data": sealed(EVENT["data"], cty="json", kid="ours")})

    assert decrypt_webhook(body, PRIVATE).data == EVENT["data"]


def test_what_is_not_encrypted_is_an_event_too() -> None:
    """An endpoint may be given its key before or after its receiver."""
    assert decrypt_webhook(msgspec.json.encode(EVENT), PRIVATE).data == EVENT["data"]


def test_what_is_for_another_key_stays() -> None:
    """A publisher's own secrets pass through."""
    text = sealed("x", OTHER, kid="theirs")

    assert decrypt_webhook(with_data(a=text), PRIVATE).data == {"a": text}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sealed(EVENT, OTHER).encode(), id="for another key"),
        pytest.param(sealed(EVENT).encode()[:-3] + b"AAA", id="changed on the way"),
        pytest.param(b"eyJ", id="cut short"),
        pytest.param(b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.....", id="parts too many"),
        pytest.param(b"eyJhbGciOltdLCJlbmMiOnt9fQ....", id="algorithms that are none"),
        pytest.param(with_data(a=sealed("x")[:-3] + "AAA"), id="a changed value"),
        pytest.param(with_data(a=[sealed("x")] * 257), id="values without end"),
        pytest.param(
            with_data(a=jwe.encrypt_compact({"alg": "ECDH-ES", "enc": "A256GCM"}, b"no JSON", KEY)),
            id="no JSON inside",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    """One exception, whatever joserfc meets."""
    with pytest.raises(WebhookVerificationFailed) as refused:
        decrypt_webhook(body, PRIVATE)

    assert refused.value.reason == "undecryptable"


def test_weak_ways_are_refused() -> None:
    """The receiver's list of algorithms counts, not the header's: no bomb is unzipped."""
    shared = OctKey.generate_key(256)
    zipped = jwe.encrypt_compact(
        {"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF"},
        msgspec.json.encode(EVENT),
        KEY,
        algorithms=["ECDH-ES", "A256GCM", "DEF"],
    )

    with pytest.raises(WebhookVerificationFailed, match="cannot decrypt"):
        decrypt_webhook(zipped, PRIVATE)
    with pytest.raises(ValueError, match="shared"):
        decrypt_webhook(sealed(EVENT), shared.as_dict(private=True))


def test_a_big_body_is_read() -> None:
    """The bound of joserfc, 64 KiB, is below the hub's."""
    big = EVENT | {"data": {"text": "a" * 500_000}}

    assert len(decrypt_webhook(sealed(big).encode(), PRIVATE).data["text"]) == 500_000


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(KEY.as_dict(private=False), id="the public half"),
        pytest.param({}, id="empty"),
        pytest.param({"kty": "OKP", "crv": "X25519", "x": "a", "d": "b"}, id="broken"),
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="a list"),
    ],
)
def test_a_wrong_key_is_the_programmers_mistake(key: Any) -> None:
    """It is told at once, and without the key."""
    with pytest.raises(ValueError, match="expected a private JWK"):
        decrypt_webhook(sealed(EVENT), key)


PART = st.sampled_from(sealed(EVENT).split(".")) | st.text("eyJ{}_-A=é.", max_size=12)


@given(
    body=st.binary(max_size=80)
    | st.lists(PART, min_size=1, max_size=6).map(".".join)
    | st.lists(PART, min_size=5, max_size=5).map(lambda parts: with_data(a="eyJ" + ".".join(parts)))
)
def test_nothing_but_the_one_exception_comes_of_a_body(body: bytes | str) -> None:
    """No stranger can make a receiver answer 500, whatever joserfc says to it."""
    with warnings.catch_warnings(), contextlib.suppress(WebhookVerificationFailed):
        warnings.simplefilter("error")
        decrypt_webhook(body, PRIVATE)


def test_decrypting_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, its name is told."""
    monkeypatch.setitem(sys.modules, "joserfc", None)

    with pytest.raises(ModuleNotFoundError, match=r"hub-client\[encryption\]"):
        decrypt_webhook(sealed(EVENT), PRIVATE)
