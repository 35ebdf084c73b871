"""Encryption: the receiver reads it, and whoever is in between does not."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.errors import WebhookKeyRefused
from hub.model.endpoint import Encryption
from hub.webhooks.encryption import MAX_POINTERS, check, encrypt
from hub_client import decrypt_webhook

RSA = RSAKey.generate_key(2048, auto_kid=False)
EC = ECKey.generate_key("P-256", auto_kid=False)
OKP = OKPKey.generate_key("X25519", auto_kid=False)
KEYS = [pytest.param(RSA, id="RSA"), pytest.param(EC, id="P-256"), pytest.param(OKP, id="X25519")]
EVENT = {
    "id": "evt", "type": "job_done", "channel": "jobs", "offset": 7, "epoch": "e",
    "timestamp": "2026-11-21T14:30:00.000000Z",
    "data": {"email": "a@b.example", "n": 1, "list": [{"x": 1}, {"x": 2}], "a/b": 1, "m~n": 2},
}  # fmt: skip
TEXT = json.dumps(EVENT).encode()
# 1,024 bits.
WEAK = base64.urlsafe_b64encode(b"\xff" * 128).rstrip(b"=").decode()
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"]


def public(key: Any, **more: Any) -> dict[str, Any]:
    """Return the public half of a key."""
    return {**key.as_dict(private=False), **more}


@pytest.mark.parametrize("key", KEYS)
def test_the_receiver_reads_the_whole_body(key: Any) -> None:
    """By joserfc and by the SDK; the header names the key, and how."""
    encryption = check(public(key, kid="k1"))

    sent = encrypt(TEXT, encryption)

    opened = jwe.decrypt_compact(sent.body, key, algorithms=ALGORITHMS)
    assert opened.plaintext == TEXT
    assert sent.content_type == "application/jose"
    assert (opened.headers()["kid"], opened.headers()["cty"]) == ("k1", "json")
    assert decrypt_webhook(sent.body, key.as_dict(private=True)).data == EVENT["data"]
    assert b"a@b.example" not in sent.body
    assert encrypt(TEXT, encryption).body != sent.body


@pytest.mark.parametrize("key", KEYS)
def test_the_receiver_reads_single_values(key: Any) -> None:
    """The rest stays readable for whoever routes it."""
    encryption = check(public(key), ["/data/email", "/data/list/1/x", "/data/a~1b", "/data/m~0n"])

    sent = encrypt(TEXT, encryption)

    shown = json.loads(sent.body)
    assert sent.content_type == "application/json"
    assert {**shown, "data": 0} == {**EVENT, "data": 0}
    assert shown["data"]["n"] == 1
    assert shown["data"]["list"][0] == {"x": 1}
    for value in (shown["data"]["email"], shown["data"]["a/b"], shown["data"]["m~n"]):
        assert value.count(".") == 4
    assert decrypt_webhook(sent.body, key.as_dict(private=True)).data == EVENT["data"]


@pytest.mark.parametrize(
    "pointer",
    ["/data/none", "/data/n/x", "/data/list/2", "/data/list/-", "/data/list/01", "/data/list/x",
     "/data/list/9999999999999999999999", "/data/email/0", "/data/list/\u0661"],
)  # fmt: skip
def test_a_pointer_that_leads_to_nothing_is_passed_over(pointer: str) -> None:
    """Events differ; the other pointers hold."""
    encryption = Encryption(check(public(OKP)).jwk, (pointer, "/data/n"))

    shown = json.loads(encrypt(TEXT, encryption).body)

    assert shown["data"]["n"] != 1
    shown["data"]["n"] = 1
    assert shown == EVENT


def test_what_is_not_encrypted_stays_as_it_is_written() -> None:
    """Numbers that no float can hold, and spaces in strings."""
    text = b'{"id":"e","data":{"big":123456789012345678901234567890.10,"a":1.0,"s":" \\u00e9"}}'

    sent = encrypt(text, check(public(OKP), ["/data/a"])).body

    assert b'"big":123456789012345678901234567890.10' in sent
    assert b'"s":" \\u00e9"' in sent


def test_a_pointer_inside_of_another_one_is_not_needed() -> None:
    """Else the inner one would be encrypted twice, and read once."""
    encryption = check(public(OKP), ["/data/list/0", "/data/list", "/data/list", "/data/n"])

    assert encryption.pointers == ("/data/list", "/data/n")
    assert check(public(OKP), ["/data", "/data/n"]).pointers == ("/data",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(data=st.dictionaries(st.text(), JSON, min_size=1, max_size=4), choose=st.data())
def test_any_value_comes_back(data: dict[str, Any], choose: st.DataObject) -> None:
    """Whatever its name, whatever is in it."""
    name = choose.draw(st.sampled_from(list(data)))
    pointer = "/data/" + name.replace("~", "~0").replace("/", "~1")
    text = json.dumps({**EVENT, "data": data}).encode()

    sent = encrypt(text, Encryption(check(public(OKP)).jwk, (pointer,)))

    value = json.loads(sent.body)["data"][name]
    opened = jwe.decrypt_compact(value, OKP, algorithms=ALGORITHMS).plaintext or b""
    assert json.loads(opened) == data[name]


@pytest.mark.parametrize(
    ("jwk", "line"),
    [
        pytest.param({}, "kty RSA, EC or OKP, got another value", id="nothing"),
        pytest.param({"kty": "XYZ"}, "kty RSA, EC or OKP, got 'XYZ'", id="another kind"),
        pytest.param({"kty": ["RSA"]}, "kty RSA, EC or OKP", id="a list for a kind"),
        pytest.param(RSA.as_dict(private=True), "a public key, got a private", id="private RSA"),
        pytest.param(EC.as_dict(private=True), "a public key, got a private", id="private EC"),
        pytest.param(OKP.as_dict(private=True), "a public key, got a private", id="private OKP"),
        pytest.param(OctKey.generate_key(256).as_dict(), "a public key", id="a shared key"),
        pytest.param(public(RSA, d=None), "a public key", id="an empty private half"),
        pytest.param(public(RSA, n=WEAK), "2048 to 8192 bits", id="weak RSA"),
        pytest.param(public(RSA, e="Aw"), "odd exponent from 65537", id="a small exponent"),
        pytest.param(public(RSA, n="AQAB"), "can be read", id="a modulus that is none"),
        pytest.param(public(RSA, n="!!"), "can be read", id="no base64"),
        pytest.param(public(RSA, n=7), "can be read", id="a number"),
        pytest.param(public(ECKey.generate_key("P-521")), "crv P-256 for kty EC", id="P-521"),
        pytest.param(public(ECKey.generate_key("secp256k1")), "crv P-256", id="secp256k1"),
        pytest.param(public(OKPKey.generate_key("Ed25519")), "crv X25519", id="Ed25519"),
        pytest.param(public(EC, x=public(EC)["y"]), "can be read", id="a point off the curve"),
        pytest.param({"kty": "EC", "crv": "P-256"}, "can be read", id="half a key"),
        pytest.param(public(OKP, x="A" * 43), "encrypted with", id="a point of small order"),
        pytest.param(public(OKP, x="AAAA"), "can be read", id="a short point"),
        pytest.param(public(RSA, use="sig"), "use is enc", id="a key for signatures"),
        pytest.param(public(RSA, key_ops=["verify"]), "key_ops with one", id="not to encrypt"),
        pytest.param(public(RSA, key_ops="encrypt"), "key_ops with one", id="a word for deeds"),
        pytest.param(public(RSA, key_ops=[["a"]]), "key_ops with one", id="a list in deeds"),
        pytest.param(public(RSA, alg="RSA1_5"), "alg RSA-OAEP-256", id="an old algorithm"),
        pytest.param(public(EC, alg="dir"), "alg ECDH-ES+A256KW", id="another algorithm"),
        pytest.param(public(EC, kid="k" * 257), "a kid of at most", id="a long name"),
        pytest.param(public(EC, kid=7), "a kid of at most", id="a number for a name"),
        pytest.param(public(EC, kid="é"), "a kid of at most", id="a name beyond ASCII"),
        pytest.param(public(EC, x5c=["A" * 20_000]), "at most 16384 bytes", id="a large one"),
    ],
)
def test_a_key_that_is_none_is_refused(jwk: dict[str, Any], line: str) -> None:
    """When the endpoint is made, with what was expected, and without the key."""
    with pytest.raises(WebhookKeyRefused) as refused:
        check(jwk)

    assert line in str(refused.value)
    assert len(str(refused.value)) < 200
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("pointers", "line"),
    [
        pytest.param([""], "into data, like /data/email, got ''", id="the whole document"),
        pytest.param(["/id"], "into data", id="the event's id"),
        pytest.param(["/database"], "into data", id="another member"),
        pytest.param(["data/email"], "into data", id="no slash"),
        pytest.param(["/data/~2"], "into data", id="an escape that is none"),
        pytest.param(["/data/~"], "into data", id="half an escape"),
        pytest.param(["$.data.email"], "into data", id="JSONPath"),
        pytest.param(["/data/" + "a" * 600], "at most 512 characters", id="a long one"),
        pytest.param([f"/data/{n}" for n in range(MAX_POINTERS + 1)], "at most 32", id="many"),
    ],
)
def test_a_pointer_that_is_none_is_refused(pointers: list[str], line: str) -> None:
    """Only into what is not needed to route an event."""
    with pytest.raises(WebhookKeyRefused) as refused:
        check(public(OKP), pointers)

    assert line in str(refused.value)
    assert str(refused.value).startswith("encryption.pointers: ")
