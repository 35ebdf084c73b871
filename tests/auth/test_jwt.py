"""JWTs: whom they stand for, and all the ways to forge one."""

import hashlib
import hmac
import json
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st
from joserfc.jwk import OctKey

from hub.auth.authentication import MAX_TOKEN, Authentication
from hub.auth.claims import Terms
from hub.auth.guesses import Guesses
from hub.auth.jwt import JwtSource, explain, read_header, verify
from hub.auth.jwt_keys import ES256, RS256, Key, KeyTable, secret_key
from hub.errors import TokenExpired, Unauthenticated, Unavailable
from hub.model.principal import Principal
from hub.model.scope import ROLES
from support.clocks import FakeClock
from support.tokens import (
    EC,
    NOW_S,
    NOW_US,
    OTHER_EC,
    OTHER_RSA,
    RSA,
    SECRET,
    part,
    pem,
    raw,
    token,
)

OWN = secret_key(SECRET)
OTHER_SECRET = "Vb4n_Mk8j-Hg2fDs6aPo9iUy3tRe7wQz5xCl1vBn"  # noqa: S105 made for tests
TERMS = Terms()
TABLE = KeyTable(
    [OWN, Key(RS256, RSA), Key(ES256, EC)],
    [Key(RS256, OTHER_RSA, "k0"), Key(ES256, OTHER_EC, "k1")],
)


def whom(text: str, terms: Terms = TERMS, *, now_s: float = NOW_S) -> Principal:
    """Return whom a token stands for, with all keys."""
    return verify(text, TABLE, terms, int(now_s * 1_000_000))


def refused(text: str, terms: Terms = TERMS, *, now_s: float = NOW_S) -> str:
    """Return why a token is refused."""
    with pytest.raises(Unauthenticated) as caught:
        whom(text, terms, now_s=now_s)
    return str(caught.value)


# Whom it stands for.


@pytest.mark.parametrize(
    ("key", "kid"),
    [
        pytest.param(OWN, None, id="our secret"),
        pytest.param(OWN, "whatever", id="our secret, which has no name"),
        pytest.param(RSA, None, id="our RSA key"),
        pytest.param(EC, None, id="our EC key"),
        pytest.param(OTHER_RSA, "k0", id="the server's RSA key"),
        pytest.param(OTHER_EC, "k1", id="the server's EC key"),
    ],
)
def test_a_token_of_a_known_key_is_taken(key: Any, kid: str | None) -> None:
    """HS256, RS256 and ES256."""
    assert whom(token(key, {"kid": kid} if kid else {})).name == "alice"


def test_a_principal_has_what_the_claims_say() -> None:
    """Its name, its roles, and until when; the leeway of ten seconds is part of it."""
    found = whom(token(roles=["user", "agent", "user"], jti="t-1", channels=["jobs", "team-*"]))

    assert found == Principal(
        "alice",
        ("user", "agent"),
        ROLES["user"] | ROLES["agent"],
        ("jobs", "team-*"),
        (NOW_S + 70) * 1_000_000,
        "jwt:t-1",
    )


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        pytest.param({}, ROLES["user"], id="roles alone"),
        pytest.param({"roles": None}, frozenset(), id="no roles"),
        pytest.param({"roles": ["root", "ADMIN", ""]}, frozenset(), id="words that are no role"),
        pytest.param({"scopes": ["jobs:read"]}, {"jobs:read"}, id="fewer"),
        pytest.param({"scopes": []}, frozenset(), id="none of them"),
        pytest.param({"scopes": ["tokens:manage"]}, frozenset(), id="more than the roles allow"),
        pytest.param({"scope": "openid jobs:read"}, {"jobs:read"}, id="OAuth's, with ours in it"),
        pytest.param({"scope": "openid profile"}, ROLES["user"], id="OAuth's, for others"),
        pytest.param(
            {"scope": "jobs:read", "scopes": ["jobs:read", "jobs:create"]}, {"jobs:read"}, id="both"
        ),
    ],
)
def test_roles_allow_and_scopes_narrow(claims: dict[str, Any], scopes: Any) -> None:
    """A token never allows more than its roles do."""
    assert whom(token(**claims)).scopes == scopes


def test_without_an_id_a_token_is_known_by_its_subject() -> None:
    """So that it can be revoked."""
    assert whom(token()).credential == "sub:alice"


# Times.


@pytest.mark.parametrize(
    ("claims", "now_s"),
    [
        pytest.param({"exp": NOW_S}, NOW_S + 9.9, id="expired within the leeway"),
        pytest.param({"exp": NOW_S + 0.5}, NOW_S, id="a fraction"),
        pytest.param({"nbf": NOW_S + 10}, NOW_S, id="good within the leeway"),
        pytest.param({"iat": NOW_S + 10}, NOW_S, id="issued by a clock that is ahead"),
        pytest.param({"exp": 253_402_300_799}, NOW_S, id="for ever"),
    ],
)
def test_clocks_may_differ_by_ten_seconds(claims: dict[str, Any], now_s: float) -> None:
    """Not more."""
    assert whom(token(**claims), now_s=now_s).name == "alice"


@pytest.mark.parametrize("late_s", [10, 11, 1e9])
def test_an_expired_token_is_told_so(late_s: float) -> None:
    """By an error of its own: a new one is all that is needed."""
    with pytest.raises(TokenExpired, match=r"expired \d+ s ago"):
        whom(token(exp=NOW_S), now_s=NOW_S + late_s)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"nbf": NOW_S + 11}, "nbf that is not in the future", id="too early"),
        pytest.param({"iat": NOW_S + 11}, "iat that is not in the future", id="of tomorrow"),
        pytest.param({"exp": None}, "Object missing required field exp", id="no end"),
        pytest.param({"sub": None}, "Object missing required field sub", id="nobody"),
        pytest.param({"exp": "1"}, "exp: expected float, got str", id="an end in words"),
        pytest.param({"exp": True}, "exp: expected float, got bool", id="an end that is true"),
        pytest.param({"exp": 1e300}, "exp: expected float <=", id="an end beyond all years"),
        pytest.param({"exp": -1}, "exp: expected float >=", id="an end before all years"),
        pytest.param({"exp": float("nan")}, "one JSON object", id="an end that never comes"),
        pytest.param({"exp": float("inf")}, "one JSON object", id="no end as a number"),
        pytest.param({"sub": 7}, "sub: expected str, got int", id="a number as name"),
        pytest.param({"roles": "admin"}, "roles: expected array, got str", id="a role, not a list"),
        pytest.param({"roles": [["admin"]]}, "roles: expected str", id="a list in the list"),
        pytest.param({"roles": ["a"] * 65}, "roles: expected array of length <= 64", id="many"),
        pytest.param({"scopes": "jobs:read"}, "scopes: expected array", id="scopes as a text"),
        pytest.param({"channels": "*"}, "channels: expected array", id="channels as a text"),
        pytest.param({"channels": ["Jobs"]}, "channels: expected str matching", id="no channel"),
        pytest.param({"channels": ["a*" * 20]}, "at most 3 stars", id="a pattern that takes years"),
        pytest.param({"jti": ""}, "jti: expected str of length >= 1", id="an empty id"),
        pytest.param({"jti": "a\nb"}, "jti of 1 to 128 printable", id="an id of two lines"),
        pytest.param({"aud": 7}, "aud: expected", id="a number as audience"),
        pytest.param({"iss": ["a"]}, "iss: expected", id="a list as issuer"),
    ],
)  # fmt: skip
def test_claims_must_have_their_form(claims: dict[str, Any], reason: str) -> None:
    """A signature alone is not enough; the reason names the claim."""
    assert reason in refused(token(**claims))


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"[]", b"null", b"7", b"{", b'{"sub":"a","exp":9e99999}', b"\xff", b"[" * 50_000),
        b'{"sub":"\\ud800","exp":1800000060}',
    ],
    ids=[
        *("empty", "list", "null", "number", "cut off", "infinite", "other bytes", "nested"),
        "half a character",
    ],
)
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    """Also when it is properly signed."""
    body = f"{part({'alg': 'HS256'})}.{part(payload)}"
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()

    assert refused(f"{body}.{part(signature)}")


# Names.


@pytest.mark.parametrize(
    "name",
    ["alice", "auth0|5f7c8ec7", "alice@example.org", "Zoë", "https://id.example/u/1", "a" * 128],
)
def test_names_are_as_issuers_make_them(name: str) -> None:
    """Printable, whatever the language."""
    assert whom(token(sub=name)).name == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("a" * 129, id="long"),
        pytest.param("a\nb", id="two lines"),
        pytest.param("a\0b", id="a NUL"),
        pytest.param("\x1b[2J", id="a terminal's command"),
        pytest.param("ecila\u202e", id="written from right to left"),
        pytest.param("al\u200bice", id="an invisible character"),
        pytest.param(" alice", id="a space in front"),
        pytest.param("anonymous", id="who comes in without a credential"),
        pytest.param("Static", id="the static key, in capitals"),
        pytest.param("hub", id="the hub itself"),
        pytest.param("key:17", id="an API key"),
        pytest.param("KEY:17", id="an API key, in capitals"),
    ],
)
def test_no_token_takes_a_name_that_is_not_its_own(name: str) -> None:
    """Nor one that looks like another in a log."""
    assert refused(token(sub=name))


# Issuer and audience.


@pytest.mark.parametrize(
    ("terms", "claims"),
    [
        pytest.param(Terms("me"), {"iss": "me"}, id="the issuer"),
        pytest.param(Terms(), {"iss": "anybody"}, id="any issuer"),
        pytest.param(Terms(audience="hub"), {"aud": "hub"}, id="the audience"),
        pytest.param(Terms(audience="hub"), {"aud": ["api", "hub"]}, id="one of several"),
        pytest.param(Terms(), {"aud": []}, id="an audience of nobody"),
    ],
)
def test_tokens_for_us_are_taken(terms: Terms, claims: dict[str, Any]) -> None:
    """By whom and for whom they must be is in the settings."""
    assert whom(token(**claims), terms).name == "alice"


@pytest.mark.parametrize(
    ("terms", "claims", "reason"),
    [
        pytest.param(Terms("me"), {}, "iss to be JWT_ISSUER, got none", id="no issuer"),
        pytest.param(Terms("me"), {"iss": "me/"}, "JWT_ISSUER, got another", id="other issuer"),
        pytest.param(Terms(audience="hub"), {}, "aud to hold JWT_AUDIENCE, got none", id="no aud"),
        pytest.param(Terms(audience="hub"), {"aud": ["hu", "b"]}, "got another", id="wrong aud"),
        pytest.param(Terms(audience="hub"), {"aud": "hubs"}, "got another", id="a longer one"),
        pytest.param(Terms(), {"aud": "bank"}, "JWT_AUDIENCE is not set", id="for somebody else"),
    ],
)
def test_tokens_for_others_are_refused(terms: Terms, claims: dict[str, Any], reason: str) -> None:
    """Else a token that a user gave to another service would open this one (RFC 7519, 4.1.3)."""
    assert reason in refused(token(**claims), terms)


# Forged ones.


def forged(alg: str, secret: bytes, **claims: Any) -> str:
    """Return a token with an HMAC of anything, under any name."""
    said = {"sub": "alice", "exp": NOW_S + 60, "roles": ["admin"], **claims}
    body = f"{part({'alg': alg})}.{part(said)}"
    return f"{body}.{part(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


CLAIMS = {"sub": "alice", "exp": NOW_S + 60, "roles": ["admin"]}
GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(".")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(raw({"alg": "none"}, CLAIMS), id="alg none"),
        pytest.param(raw({"alg": "None"}, CLAIMS), id="alg None"),
        pytest.param(raw({"alg": "nOnE"}, CLAIMS, SIGNATURE), id="alg none, with a signature"),
        pytest.param(raw({"alg": ""}, CLAIMS), id="no alg"),
        pytest.param(raw({"alg": "HS256"}, CLAIMS), id="no signature"),
        pytest.param(f"{HEAD}.{part(CLAIMS)}.{SIGNATURE}", id="another's signature"),
        pytest.param(f"{GOOD[:-4]}{'A' * 4}", id="a changed signature"),
        pytest.param(f"{GOOD}=", id="a padded signature"),
        pytest.param(f"{HEAD}.{BODY}.{SIGNATURE}{SIGNATURE}", id="two signatures"),
        pytest.param(token(secret_key(OTHER_SECRET)), id="another secret"),
        pytest.param(token(OTHER_RSA), id="the server's key, without its name"),
        pytest.param(token(OTHER_RSA, {"kid": "k1"}), id="the name of another key"),
        pytest.param(token(OTHER_RSA, {"kid": "k9"}), id="the name of no key"),
        pytest.param(forged("HS256", pem(RSA).encode()), id="a public key as secret"),
        pytest.param(forged("HS256", pem(RSA).strip().encode()), id="the same without its end"),
        pytest.param(forged("HS256", pem(EC).encode()), id="a public EC key as secret"),
        pytest.param(forged("HS256", RSA.as_der(private=False)), id="a public key as bytes"),
        pytest.param(forged("HS256", b""), id="an empty secret"),
        pytest.param(forged("RS256", SECRET.encode()), id="our secret as RS256"),
        pytest.param(forged("HS384", SECRET.encode()), id="our secret as HS384"),
        pytest.param(raw({"alg": "HS256", "kid": "../../dev/null"}, CLAIMS), id="kid as a path"),
        pytest.param(raw({"alg": "HS256", "kid": "' OR 1=1 --"}, CLAIMS), id="kid as SQL"),
        pytest.param(raw({"alg": "HS256", "kid": {"k": ""}}, CLAIMS), id="kid as an object"),
        pytest.param(raw({"alg": ["HS256"]}, CLAIMS), id="alg as a list"),
        pytest.param(raw({"alg": "ES256"}, CLAIMS, part(b"\0" * 64)), id="a signature of zeros"),
        pytest.param(raw({"alg": "A" * 400}, CLAIMS), id="a long alg"),
    ],
)  # fmt: skip
def test_a_forged_token_is_refused(text: str) -> None:
    """The algorithm is the key's, never the token's; the reason shows nothing of the token."""
    reason = refused(text)

    assert reason.startswith("expected ")
    assert len(reason) < 120
    assert not any(piece in reason for piece in text.split(".") if len(piece) > 5)


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://evil.example/jwks.json"},
        {"jwk": {"kty": "oct", "k": part(b"mine")}},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": "b64", "b64": False},
        {"crit": 7},
        {"b64": False},
        {"zip": "DEF"},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": 7},
    ],
    ids=",".join,
)
def test_a_token_that_brings_more_than_a_name_of_a_key_is_refused(header: dict[str, Any]) -> None:
    """Properly signed or not: nothing in a header may lead to a key or change what is signed."""
    body = f"{part({'alg': 'HS256', **header})}.{part(CLAIMS)}"
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()

    assert "expected" in refused(f"{body}.{part(signature)}")


@pytest.mark.parametrize(
    "header", [{"typ": "at+jwt"}, {"typ": "application/AT+JWT"}, {"x5t": "abc"}, {"nonce": "x"}],
    ids=["access token", "media type", "thumbprint", "what others add"],
)  # fmt: skip
def test_what_issuers_add_is_passed_over(header: dict[str, Any]) -> None:
    """As long as it changes nothing."""
    body = f"{part({'alg': 'HS256', **header})}.{part(CLAIMS)}"
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()

    assert whom(f"{body}.{part(signature)}").name == "alice"


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "...", "a.b", "a.b.c", "hub_1_abc", "é.b.c", f"{HEAD}.{BODY}", "a.b.c.d"),
        f"{part([])}.{BODY}.{SIGNATURE}",
        f"{part({'typ': 'JWT'})}.{BODY}.{SIGNATURE}",
        f"{part(b'[' * 1500)}.{BODY}.{SIGNATURE}",
        f"{part({'alg': 'HS256', 'x': 'y' * 2000})}.{BODY}.{SIGNATURE}",
    ],
)  # fmt: skip
async def test_what_is_no_jwt_is_left_to_others(text: str) -> None:
    """API keys are looked for elsewhere."""
    source = JwtSource(TERMS, [OWN], None, FakeClock(NOW_US))

    assert await source.find(text) is None


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_comes_is_refused_in_words(one: str, two: str, three: str) -> None:
    """Nothing a stranger sends is a fault of ours."""
    for text in (f"{one}.{two}.{three}", f"{HEAD}.{two}.{three}", f"{one}.{BODY}.{SIGNATURE}"):
        assert explain(text, TABLE, TERMS, NOW_US) is not None or text == GOOD


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=9)))
def test_whatever_a_header_says_is_refused_in_words(header: dict[str, Any]) -> None:
    """Every kind of value under every name."""
    assert explain(raw({"alg": "HS256", **header}, CLAIMS, "AAAA"), TABLE, TERMS, NOW_US)


# Explained.


def test_a_good_token_needs_no_explanation() -> None:
    """It says why one would be refused, and nothing of one that would not."""
    assert explain(GOOD, TABLE, TERMS, NOW_US) is None
    assert explain(GOOD, TABLE, Terms("me"), NOW_US) == "expected iss to be JWT_ISSUER, got none"
    assert explain("x", TABLE, TERMS, NOW_US) == "expected a JWT of three parts, got another form"
    assert explain(raw({"alg": "none"}, {}), TABLE, TERMS, NOW_US) == (
        "expected a token signed by ES256 or HS256 or RS256, got none"
    )
    assert explain(token(RSA, {"kid": "x"}), KeyTable(), TERMS, NOW_US) == (
        "expected a token of a key that is known, got one of another"
    )


# As a source.


class Served:
    """A key server of the test's own."""

    def __init__(self, *, silent: bool = False, later: Sequence[Key] = ()) -> None:
        self.keys: Sequence[Key] = ()
        self.is_silent = silent
        self.asked = 0
        self._later = later

    async def look(self) -> float:
        """Bring the later keys."""
        self.asked += 1
        self.keys = self._later
        return 0.0


def source_of(served: Served, own: Sequence[Key] = ()) -> JwtSource:
    """Return a source with that key server."""
    return JwtSource(TERMS, own, served, FakeClock(NOW_US))


async def test_a_token_of_a_new_key_makes_the_key_server_be_asked() -> None:
    """Once; with the key known it is not asked again."""
    served = Served(later=[Key(RS256, RSA, "new")])
    source = source_of(served)

    found = [await source.find(token(RSA, {"kid": "new"})) for _ in range(3)]

    assert [one.name for one in found if one] == ["alice"] * 3
    assert served.asked == 1


async def test_a_key_that_nobody_knows_is_refused() -> None:
    """After the key server was asked."""
    served = Served()

    with pytest.raises(Unauthenticated, match="of a key that is known"):
        await source_of(served).find(token(RSA, {"kid": "new"}))

    assert served.asked == 1


async def test_nobody_is_sent_away_for_good_while_the_key_server_is_silent() -> None:
    """503 and not 401: the client may come back with the same token."""
    with pytest.raises(Unavailable, match="no answer from JWKS_URL"):
        await source_of(Served(silent=True)).find(token(RSA, {"kid": "new"}))


async def test_own_keys_do_not_depend_on_the_key_server() -> None:
    """It is not even asked, whatever name the token gives to its key."""
    served = Served(silent=True)

    found = await source_of(served, [OWN]).find(token(header={"kid": "whatever"}))

    assert found is not None
    assert served.asked == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(raw({"alg": "none", "kid": "x"}, CLAIMS), id="alg none"),
        pytest.param(raw({"alg": "HS256", "kid": "x"}, CLAIMS, "AAAA"), id="a secret's"),
        pytest.param(raw({"alg": "RS256", "kid": "x", "jku": "https://a"}, CLAIMS), id="jku"),
    ],
)
async def test_a_token_that_no_key_server_signs_does_not_ask_one(text: str) -> None:
    """Its keys are for RS256 and ES256."""
    served = Served()

    with pytest.raises(Unauthenticated):
        await source_of(served).find(text)

    assert served.asked == 0


async def test_a_token_without_a_name_is_of_the_only_key() -> None:
    """Of several it must say which."""
    one, two = Key(RS256, RSA, "k0"), Key(ES256, EC, "k1")

    assert await source_of(Served(later=[one])).find(token(RSA))
    with pytest.raises(Unauthenticated):
        await source_of(Served(later=[one, two])).find(token(RSA))


async def test_a_source_without_keys_leaves_everything_to_others() -> None:
    """No JWT is set up."""
    assert await JwtSource(TERMS, [], None, FakeClock(NOW_US)).find(GOOD) is None


async def test_other_keys_count_at_once() -> None:
    """A reload brings them; with the old one left out its tokens are worth nothing."""
    source = JwtSource(TERMS, [OWN], None, FakeClock(NOW_US))
    assert await source.find(GOOD)

    source.adopt(Terms(), [secret_key(OTHER_SECRET), OWN])
    assert await source.find(GOOD)
    source.adopt(Terms(), [secret_key(OTHER_SECRET)])
    with pytest.raises(Unauthenticated):
        await source.find(GOOD)


async def test_a_token_is_remembered_until_it_expires() -> None:
    """Then it is told so, and nothing is verified again."""
    clock = FakeClock(NOW_US)
    authentication = Authentication([JwtSource(TERMS, [OWN], None, clock)], clock, required=True)
    await authentication.find(GOOD)

    clock.advance(70)

    with pytest.raises(TokenExpired):
        authentication.remembered(GOOD)
    authentication.forget_all()
    assert authentication.remembered(GOOD) is None


async def test_ten_thousand_bad_tokens_leave_nothing_behind() -> None:
    """Of each kind of badness, and none is remembered."""
    clock = FakeClock(NOW_US)
    authentication = Authentication(
        [JwtSource(TERMS, [OWN], Served(), clock)], clock, required=True
    )

    async def try_in(numbers: range) -> None:
        for number in numbers:
            kinds = (
                f"{HEAD}.{BODY}.{number:043}", f"no-jwt-{number}", "x" * (MAX_TOKEN + number),
                raw({"alg": "RS256", "kid": f"{number}"}, CLAIMS, "AAAA"),
            )  # fmt: skip
            authentication._guesses = Guesses(clock)  # else only ten would be looked at
            with pytest.raises(Unauthenticated):
                await authentication.find(kinds[number % len(kinds)])

    await try_in(range(200))
    tracemalloc.start()
    await try_in(range(200, 10_200))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(authentication._remembered) == 0
    assert grown < 200_000


def test_a_key_shows_nothing_of_itself() -> None:
    """A traceback with its variables holds no secret."""
    shown = repr((OWN, TABLE, Key(RS256, RSA)))

    assert SECRET not in shown
    assert json.dumps(part(SECRET.encode()))[1:-1] not in shown
    assert isinstance(OWN.key, OctKey)


def test_a_header_is_read_without_being_believed() -> None:
    """Its algorithm and the name of its key."""
    assert read_header(token(RSA, {"kid": "a"})) == ("RS256", "a")
