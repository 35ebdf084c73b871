"""`verify_webhook`: who is believed, and what becomes of everybody else."""

import base64
import contextlib
import hmac
import json
import sys
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st
from starlette.datastructures import Headers as StarletteHeaders

from hub_client import WebhookVerificationFailed, verify_signature, verify_webhook

NOW = 1_614_265_330
ID = "018fe1c2-0000-7000-8000-000000000001"
BODY = (
    b'{"type":"job_update","channel":"jobs","offset":7,"id":"018fe1c2-0000-7000-8000-000000000001",'
    b'"timestamp":"2021-02-25T15:02:10.000000Z","data":{"job_id":"j1","status":"DONE"}}'
)
SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"b" * 32).decode()
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
WHPK = "whpk_" + base64.b64encode(PUBLIC).decode()
JWK = {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(PUBLIC).rstrip(b"=").decode()}
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "webhooks.json").read_text())[
    "verifying"
]


def v1(secret: str = SECRET, body: bytes = BODY, at: object = NOW, event: str = ID) -> str:
    """Sign as the specification says, apart from the code under test."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event}.{at}.".encode() + body, "sha256").digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def v1a(body: bytes = BODY) -> str:
    """Sign with the private key."""
    return f"v1a,{base64.b64encode(PRIVATE.sign(f'{ID}.{NOW}.'.encode() + body)).decode()}"


def headers(*signatures: str, at: object = NOW, event: str = ID) -> dict[str, str]:
    """Return the three headers."""
    return {
        "webhook-id": event,
        "webhook-timestamp": f"{at}",
        "webhook-signature": " ".join(signatures or [v1(at=at, event=event)]),
    }


def refusal(body: bytes | str, sent: Any, secret: Any = SECRET, **more: Any) -> str:
    """Return why it is refused."""
    with pytest.raises(WebhookVerificationFailed) as refused:
        verify_webhook(body, sent, secret, **{"now": NOW, **more})
    return refused.value.reason


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["name"]) for one in VECTORS])
def test_the_verdicts_are_those_of_the_shared_vectors(vector: dict[str, Any]) -> None:
    """What the hub signs, we verify, and whom one SDK refuses, all refuse, for the same reason."""
    body = vector["body"] if "body" in vector else base64.b64decode(vector["body_base64"])
    verdict = "ok"

    try:
        found = verify_signature(
            body, vector["headers"], vector["keys"], vector["tolerance_s"], vector["now"]
        )
    except WebhookVerificationFailed as refused:
        verdict = refused.reason
    else:
        assert found in vector["headers"].values()

    assert verdict == vector["verdict"]


def test_the_event_is_the_one_that_sockets_get() -> None:
    """One handler serves a socket and a webhook."""
    event = verify_webhook(BODY, headers(), SECRET, now=NOW)

    assert (event.id, event.type, event.channel, event.offset) == (ID, "job_update", "jobs", 7)
    assert event.job is not None
    assert event.job.status == "DONE"


def message(sent: Mapping[str, str]) -> Message:
    """Return headers as the standard library's server has them."""
    made = Message()
    for name, value in sent.items():
        made[name.title()] = value
    return made


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({name.upper(): value for name, value in headers().items()}, id="upper case"),
        pytest.param([*headers().items()], id="pairs"),
        pytest.param([(n.encode(), v.encode()) for n, v in headers().items()], id="ASGI's bytes"),
        pytest.param(StarletteHeaders(headers()), id="starlette"),
        pytest.param(message(headers()), id="http.server"),
    ],
)
def test_headers_come_as_the_framework_has_them(sent: Any) -> None:
    """Names in any case, mappings and pairs, text and bytes."""
    assert verify_webhook(BODY, sent, SECRET, now=NOW).id == ID


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY.decode(), id="text"),
        pytest.param(bytearray(BODY), id="bytearray"),
        pytest.param(memoryview(BODY), id="memoryview"),
    ],
)
def test_the_body_may_be_any_kind_of_bytes(body: Any) -> None:
    """What frameworks call the raw body differs."""
    assert verify_webhook(body, headers(), SECRET, now=NOW).id == ID


@pytest.mark.parametrize(
    ("signatures", "secrets"),
    [
        pytest.param([v1(OTHER), v1()], SECRET, id="the hub signs with two, we have one"),
        pytest.param([v1()], [OTHER, SECRET], id="we have two, the hub signs with one"),
        pytest.param([v1()], [None, "", SECRET], id="a variable is not set"),
        pytest.param([v1()], f" {SECRET}\n", id="a secret from a file ends in a newline"),
        pytest.param(["v9,x", "v1", ",", v1()], SECRET, id="beside entries of other kinds"),
        pytest.param([v1(), v1a()], WHPK, id="a public key among both"),
        pytest.param([v1a()], [SECRET, WHPK], id="a secret beside the public key"),
        pytest.param([v1a()], JWK, id="a public key as JWK"),
    ],
)
def test_one_fitting_pair_is_enough(signatures: list[str], secrets: Any) -> None:
    """While a secret is rotated, any of ours may meet any of the hub's."""
    assert verify_webhook(BODY, headers(*signatures), secrets, now=NOW).id == ID


@pytest.mark.parametrize(
    ("sent", "body", "reason"),
    [
        pytest.param({}, BODY, "missing_headers", id="no headers"),
        pytest.param(headers() | {"webhook-id": ""}, BODY, "missing_headers", id="empty id"),
        pytest.param([*headers().items()] * 2, BODY, "bad_headers", id="all of them twice"),
        pytest.param(headers(event="a.1"), BODY, "bad_headers", id="a dot in the id"),
        pytest.param(headers(event="é"), BODY, "bad_headers", id="no ASCII in the id"),
        pytest.param(headers(at=f"{NOW}.9"), BODY, "bad_headers", id="half a second"),
        pytest.param(headers(at=f"+{NOW}"), BODY, "bad_headers", id="a sign"),
        pytest.param(headers(at="٣" * 10), BODY, "bad_headers", id="digits of others"),
        pytest.param(headers(*["v1,a"] * 21), BODY, "bad_headers", id="21 signatures"),
        pytest.param(headers("v1,é"), BODY, "no_match", id="no ASCII in a signature"),
        pytest.param(headers(v1a()), BODY, "no_match", id="a version without a key"),
        pytest.param(headers("v1"), BODY, "no_match", id="an entry without a comma"),
        pytest.param(headers("v1,"), BODY, "no_match", id="an empty signature"),
        pytest.param(headers("v1,%%%"), BODY, "no_match", id="no base64"),
        pytest.param(headers(v1(OTHER)), BODY, "no_match", id="of another secret"),
        pytest.param(headers(), BODY + b" ", "no_match", id="a changed body"),
        pytest.param(headers(), b"\xff\xfe", "no_match", id="a body that is no text"),
        pytest.param(headers() | {"webhook-id": "x"}, BODY, "no_match", id="another id"),
        pytest.param(headers("v1," + "a" * 9_000), BODY, "bad_headers", id="9 KB of a signature"),
        pytest.param(headers("v1,\ud800"), BODY, "no_match", id="a surrogate in a signature"),
        pytest.param(headers(v1()[:-4]), BODY, "no_match", id="cut short"),
        pytest.param(headers(), "\ud800", "malformed_body", id="a surrogate"),
    ],
)
def test_whoever_cannot_sign_is_refused(sent: Any, body: Any, reason: str) -> None:
    """Each refusal says which rule it broke, and is the same exception."""
    assert refusal(body, sent) == reason


@pytest.mark.parametrize("text", ["v1a,", "v1a,%%%", "v1a,YQ==", v1a()[:-8] + "AAAAAAA="])
def test_a_wrong_public_signature_is_refused(text: str) -> None:
    """Ed25519 fails as HMAC does."""
    assert refusal(BODY, headers(text), WHPK) == "no_match"


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        pytest.param(NOW - 300, None, id="just young enough"),
        pytest.param(NOW - 301, "too_old", id="too old"),
        pytest.param(NOW + 300, None, id="our clock is a bit behind"),
        pytest.param(NOW + 301, "too_new", id="from the future"),
        pytest.param(0, "too_old", id="1970"),
        pytest.param(10**15 - 1, "too_new", id="as far as it goes"),
    ],
)
def test_the_time_is_held_in_both_directions(at: int, reason: str | None) -> None:
    """A recorded request is worth nothing five minutes later, nor is one made in advance."""
    if reason is None:
        assert verify_webhook(BODY, headers(at=at), SECRET, now=NOW).id == ID
    else:
        assert refusal(BODY, headers(at=at)) == reason


def test_the_tolerance_is_the_receivers() -> None:
    """Zero is zero, not a default."""
    assert refusal(BODY, headers(at=NOW - 1), tolerance_s=0) == "too_old"
    assert verify_webhook(BODY, headers(at=NOW - 900), SECRET, 900, NOW).id == ID


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "malformed_body", id="empty"),
        pytest.param(b"[]", "malformed_body", id="a list"),
        pytest.param(b"{}", "malformed_body", id="no type"),
        pytest.param(b'{"type":7}', "malformed_body", id="a type that is none"),
        pytest.param(b'{"type":"a","offset":"x"}', "malformed_body", id="an offset that is none"),
        pytest.param(b'{"type":"\xff"}', "malformed_body", id="no UTF-8"),
        pytest.param(b'{"a":' * 100_000, "malformed_body", id="too deep"),
        pytest.param(b"eyJhbGciOiJkaXIifQ.a.b.c.d", "encrypted", id="encrypted as a whole"),
    ],
)
def test_what_is_signed_but_no_event_is_refused(body: bytes, reason: str) -> None:
    """Also a hub's own mistakes end in the one exception."""
    assert refusal(body, headers(v1(body=body))) == reason


ODD_TEXT = st.text(max_size=40) | st.sampled_from([ID, str(NOW), v1(), v1a(), "v1,", "v1a,AA=="])
ODD_VALUE = ODD_TEXT | st.binary(max_size=40) | st.none() | st.integers() | st.lists(ODD_TEXT)
NAMES = st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"])


@given(
    body=st.binary(max_size=60) | st.text(max_size=60) | st.just(BODY),
    sent=st.dictionaries(NAMES | ODD_TEXT, ODD_VALUE)
    | st.lists(st.tuples(NAMES | ODD_VALUE, ODD_VALUE))
    | st.fixed_dictionaries(
        {"webhook-id": ODD_VALUE, "webhook-timestamp": ODD_VALUE, "webhook-signature": ODD_VALUE}
    ),
)
def test_nothing_but_the_one_exception_comes_of_a_request(body: bytes | str, sent: Any) -> None:
    """No stranger can make a receiver answer 500."""
    with contextlib.suppress(WebhookVerificationFailed):
        event = verify_webhook(body, sent, [SECRET, WHPK], now=NOW)

        assert (body, event.id) == (BODY, ID)


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param([], id="none"),
        pytest.param([None, ""], id="only variables that are not set"),
        pytest.param("whsec_", id="empty: everybody could sign"),
        pytest.param("whsec_" + base64.b64encode(b"a" * 23).decode(), id="too short"),
        pytest.param("whsec_%%%", id="no base64"),
        pytest.param("whpk_YQ==", id="a public key that is none"),
        pytest.param("whsk_" + base64.b64encode(b"c" * 32).decode(), id="the private half"),
        pytest.param("hub_0123", id="a token of the hub"),
        pytest.param({"kty": "RSA"}, id="a JWK of another kind"),
        pytest.param(JWK | {"x": "YQ"}, id="a JWK that is too short"),
    ],
)
def test_a_wrong_secret_is_the_programmers_mistake(secret: Any) -> None:
    """It is told at once, not as a refusal of every request, and without the secret."""
    with pytest.raises(ValueError, match="expected") as told:
        verify_webhook(BODY, headers(), secret, now=NOW)

    assert "%%%" not in str(told.value)
    assert "0123" not in str(told.value)


def test_all_keys_of_a_hub_are_too_many() -> None:
    """The owner of another endpoint could send us what the hub signed for that one."""
    with pytest.raises(ValueError, match="whole JWK set"):
        verify_webhook(BODY, headers(v1a()), {"keys": [JWK]}, now=NOW)


def test_a_parsed_body_is_the_programmers_mistake() -> None:
    """What was parsed and written anew is not what was signed."""
    with pytest.raises(TypeError, match="as it came"):
        verify_webhook({"type": "x"}, headers(), SECRET)  # type: ignore[arg-type]


@pytest.mark.parametrize("tolerance_s", [-1, float("nan"), float("inf")])
def test_a_tolerance_without_a_bound_is_none(tolerance_s: float) -> None:
    """Infinity would let recorded requests in for ever."""
    with pytest.raises(ValueError, match="tolerance_s"):
        verify_webhook(BODY, headers(), SECRET, tolerance_s, NOW)


def test_public_keys_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, shared secrets work, and public keys name the extra."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    assert verify_webhook(BODY, headers(v1(), v1a()), SECRET, now=NOW).id == ID
    with pytest.raises(ModuleNotFoundError, match=r"hub-client\[encryption\]"):
        verify_webhook(BODY, headers(v1(), v1a()), WHPK, now=NOW)


def test_the_clock_is_the_machines_by_default() -> None:
    """Without `now`, a request of 2021 is old."""
    with pytest.raises(WebhookVerificationFailed) as refused:
        verify_webhook(BODY, headers(), SECRET)

    assert refused.value.reason == "too_old"


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far a forged one is right takes no longer to find out: `hmac` compares, nobody else."""
    compared: list[bytes] = []

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append(theirs)
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert refusal(BODY, headers(v1(OTHER), v1(SECRET)[:-4] + "AAA=")) == "no_match"
    assert [f"v1,{one.decode()}" for one in compared] == [v1(OTHER), v1(SECRET)[:-4] + "AAA="]
