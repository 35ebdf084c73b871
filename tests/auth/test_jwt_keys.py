"""Keys of JWTs: which are taken, and for what."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.auth.jwt_keys import MAX_KEYS, public_keys, secret_key, served_keys
from hub.errors import Misconfigured
from support.tokens import EC, OTHER_EC, RSA, SECRET, document, pem

LARGE_EC = ECKey.generate_key("P-384")
SMALL_RSA = {"kty": "RSA", "kid": "k0", "n": RSA.as_dict(private=False)["n"][:300], "e": "AQAB"}


def served(value: Any) -> list[tuple[str | None, str]]:
    """Return name and algorithm of the usable keys of a document."""
    return [(key.kid, key.alg) for key in served_keys(json.dumps(value).encode())]


# JWT_PUBLIC_KEY.


@pytest.mark.parametrize(
    ("text", "algorithms"),
    [
        pytest.param(pem(RSA), ["RS256"], id="RSA"),
        pytest.param(pem(EC), ["ES256"], id="EC"),
        pytest.param(pem(RSA) + pem(EC) + pem(OTHER_EC), ["RS256", "ES256", "ES256"], id="several"),
        pytest.param(pem(EC).replace("\n", "\\n"), ["ES256"], id="in one line"),
        pytest.param(f"\n{pem(EC)}\n", ["ES256"], id="space around"),
    ],
)
def test_public_keys_decide_their_algorithm(text: str, algorithms: list[str]) -> None:
    """One each, by their kind."""
    assert [key.alg for key in public_keys(text)] == algorithms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "another form", id="nothing"),
        pytest.param("/etc/key.pem", "another form", id="a path"),
        pytest.param(pem(RSA)[:-30], "another form", id="cut off"),
        pytest.param(pem(RSA) + "x", "another form", id="something behind it"),
        pytest.param(RSA.as_pem(private=True).decode(), "got a private one", id="private RSA"),
        pytest.param(EC.as_pem(private=True).decode(), "got a private one", id="private EC"),
        pytest.param(pem(LARGE_EC), "curve P-256, got another", id="another curve"),
        pytest.param(
            OKPKey.generate_key("Ed25519").as_pem(private=False).decode(), "got another", id="EdDSA"
        ),
        pytest.param(
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "got another", id="junk"
        ),
        pytest.param(
            "-----BEGIN PUBLIC KEY-----\n"
            "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
            "9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n"
            "-----END PUBLIC KEY-----", "RSA of 2048 to 4096 bits", id="RSA of 512 bits",
        ),
    ],
)  # fmt: skip
def test_other_keys_are_refused_in_words(text: str, reason: str) -> None:
    """The key is not repeated: it might be the private one."""
    with pytest.raises(Misconfigured) as refused:
        public_keys(text)

    assert reason in str(refused.value)
    assert "MI" not in str(refused.value)


def test_a_public_key_is_no_secret() -> None:
    """Whoever knows it could sign."""
    with pytest.raises(Misconfigured, match="got a public key"):
        secret_key(pem(RSA))


# The key server's document.


def test_served_keys_have_their_names() -> None:
    """And the one algorithm that each is for."""
    assert served(document(RSA, EC)) == [("k0", "RS256"), ("k1", "ES256")]


@pytest.mark.parametrize(
    "more", [{"use": "sig"}, {"alg": "ES256"}, {"key_ops": ["verify"]}, {"x5t": "a", "issuer": 7}],
    ids=["for signatures", "for our algorithm", "for verifying", "with more"],
)  # fmt: skip
def test_keys_that_say_what_they_are_for_are_taken(more: dict[str, Any]) -> None:
    """What they say beyond that is passed over."""
    assert served(document(EC, **more)) == [("k0", "ES256")]


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """Return a key with everything in it."""
    return {**key.as_dict(private=more.pop("private", False)), "kid": "k0", **more}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(jwk(OctKey.import_key(SECRET)), id="a secret"),
        pytest.param(jwk(OctKey.import_key(SECRET), alg="RS256"), id="a secret, under a name"),
        pytest.param(jwk(RSA, private=True), id="a private key"),
        pytest.param(jwk(RSA, use="enc"), id="for encryption"),
        pytest.param(jwk(RSA, key_ops=["encrypt"]), id="not for verifying"),
        pytest.param(jwk(RSA, alg="RS512"), id="for another algorithm"),
        pytest.param(jwk(RSA, alg="HS256"), id="for HMAC"),
        pytest.param(jwk(RSA, alg="none"), id="for none"),
        pytest.param(jwk(EC, alg="RS256"), id="for another kind's"),
        pytest.param(jwk(LARGE_EC), id="of another curve"),
        pytest.param(jwk(EC, crv="P-384"), id="of a curve that it is not of"),
        pytest.param(jwk(EC, x="AAAA"), id="no point of the curve"),
        pytest.param(jwk(EC, x="!"), id="no base64"),
        pytest.param(jwk(RSA, n=""), id="no number"),
        pytest.param(jwk(RSA, n="AQAB" * 100_000), id="a number of a million digits"),
        pytest.param(jwk(RSA, e="Ag"), id="an even exponent"),
        pytest.param(jwk(RSA, n=7), id="a number as a number"),
        pytest.param(SMALL_RSA, id="small"),
        pytest.param(jwk(RSA, kid=7), id="a number as name"),
        pytest.param(jwk(RSA, kid="k" * 300), id="a long name"),
        pytest.param({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, id="EdDSA"),
        pytest.param({}, id="nothing"),
        pytest.param("k", id="no object"),
    ],
)
def test_what_cannot_be_used_is_passed_over(key: Any) -> None:
    """The other keys of the document count."""
    assert served({"keys": [key, jwk(EC, kid="good")]}) == [("good", "ES256")]


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"[]", b"{}", b'{"keys":{}}', b'{"keys":"x"}', b"\xff", b"[" * 99_999]
)
def test_what_is_no_document_is_told(text: bytes) -> None:
    """So that the last good one counts on."""
    with pytest.raises(ValueError, match="expected a JWK Set"):
        served_keys(text)


def test_a_document_without_keys_is_one() -> None:
    """Whoever takes all keys back means it."""
    assert served({"keys": []}) == []


def test_a_document_has_few_keys() -> None:
    """What stands behind is passed over."""
    assert len(served({"keys": [jwk(EC)] * (MAX_KEYS + 1)})) == MAX_KEYS


def test_numbers_of_rsa_are_those_of_the_document() -> None:
    """Only they: whatever else stands beside them is not handed on."""
    [key] = served_keys(json.dumps(document(RSA)).encode())

    assert isinstance(key.key, RSAKey)
    assert key.key.public_key.public_numbers() == RSA.public_key.public_numbers()
