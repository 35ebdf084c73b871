"""Claims: what a JWT says of its bearer, and the principal that becomes of it."""

import re
from typing import Annotated, NamedTuple

import msgspec

from hub.clock import SECOND_US
from hub.errors import TokenExpired, Unauthenticated
from hub.model.principal import Principal
from hub.model.scope import ROLES, SCOPES, scopes_of

# How far the clock of the issuer may be from ours.
LEEWAY_S = 10
MAX_NAME = 128
# Names that the hub itself gives, and beginnings of those that it makes.
RESERVED = frozenset({"anonymous", "nobody", "static", "hub", "system"})
RESERVED_KINDS = ("key:", "jwt:", "sub:", "ticket:", "static:")

_Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]  # the end of the year 9999
_Word = Annotated[str, msgspec.Meta(max_length=64)]
_Words = Annotated[list[_Word], msgspec.Meta(max_length=64)]
_Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"\A[a-z0-9._:*-]+\Z")]
_Patterns = Annotated[list[_Pattern], msgspec.Meta(max_length=64)]
# Each star multiplies what a comparison may cost.
_MAX_STARS = 3
_SPOT = re.compile(r"(.+?) - at `\$\.?([a-z]*).*`")


class Claims(msgspec.Struct):
    """What we read of a token (RFC 7519, 4; RFC 9068); the rest is for others."""

    sub: str
    exp: _Time
    nbf: _Time = 0
    iat: _Time = 0
    iss: str | None = None
    aud: str | list[str] | None = None
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)] | None = None
    roles: _Words = []
    scope: str | None = None
    scopes: _Words | None = None
    channels: _Patterns | None = None


class Terms(NamedTuple):
    """Whose tokens for whom are taken; empty: not asked for."""

    issuer: str = ""
    audience: str = ""


def read_claims(payload: bytes) -> Claims:
    """Read the claims of a token whose signature is good.

    Raises:
        Unauthenticated: They are not of the documented form.
    """
    try:
        return msgspec.json.decode(payload, type=Claims)
    except msgspec.ValidationError as error:
        raise Unauthenticated(f"expected claims of a token: {_plain(str(error))}") from None
    except (ValueError, RecursionError):
        raise Unauthenticated("expected claims as one JSON object, got something else") from None


def is_reserved(name: str) -> bool:
    """Say whether a name is one that the hub itself gives, or looks like what it makes of them."""
    name = name.casefold()
    return name in RESERVED or name.startswith(RESERVED_KINDS)


def principal_of(claims: Claims, terms: Terms, now_us: int) -> Principal:
    """Return whom a token stands for, now.

    Raises:
        TokenExpired: It was good until a moment ago.
        Unauthenticated: It is not good yet, or not for us, or says no proper name.
    """
    _check_times(claims, now_us)
    _check_parties(claims, terms)
    _check_name("sub", claims.sub)
    if is_reserved(claims.sub):
        raise Unauthenticated("expected a sub that is no name of the hub's own, got one")
    if claims.jti is not None:
        _check_name("jti", claims.jti)
    roles = tuple(dict.fromkeys(role for role in claims.roles if role in ROLES))
    return Principal(
        claims.sub,
        roles,
        scopes_of(roles) & _wanted(claims),
        _channels(claims),
        int((claims.exp + LEEWAY_S) * SECOND_US),
        f"sub:{claims.sub}" if claims.jti is None else f"jwt:{claims.jti}",
    )


def _check_times(claims: Claims, now_us: int) -> None:
    now_s = now_us / SECOND_US
    if now_s >= claims.exp + LEEWAY_S:
        ago = f"{now_s - claims.exp:.0f} s ago"
        raise TokenExpired(f"expected a token that is still valid, got one that expired {ago}")
    for name, at_s in (("nbf", claims.nbf), ("iat", claims.iat)):
        if at_s > now_s + LEEWAY_S:
            ahead = f"{at_s - now_s:.0f} s ahead"
            raise Unauthenticated(f"expected {name} that is not in the future, got one {ahead}")


def _check_parties(claims: Claims, terms: Terms) -> None:
    if terms.issuer and claims.iss != terms.issuer:
        got = "none" if claims.iss is None else "another"
        raise Unauthenticated(f"expected iss to be JWT_ISSUER, got {got}")
    meant = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if meant and not terms.audience:
        # RFC 7519, 4.1.3: who does not find himself among those meant must refuse.
        raise Unauthenticated("expected a token without aud, for JWT_AUDIENCE is not set, got one")
    if terms.audience and terms.audience not in (meant or ()):
        got = "none" if claims.aud is None else "another"
        raise Unauthenticated(f"expected aud to hold JWT_AUDIENCE, got {got}")


def _check_name(claim: str, name: str) -> None:
    """Refuse what would forge a line of a log, or be shown as another name (CWE-117)."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise Unauthenticated(
            f"expected {claim} of 1 to {MAX_NAME} printable characters, got another form"
        )


def _wanted(claims: Claims) -> frozenset[str]:
    """Return what the token wants to be able to do, of what its roles allow.

    `scopes` is our own claim and means what it says. `scope` is OAuth's, where identity providers
    write words for everybody (`openid profile`): it narrows when one of them is ours.
    """
    wanted = SCOPES if claims.scopes is None else SCOPES & frozenset(claims.scopes)
    ours = SCOPES & frozenset((claims.scope or "").split(" "))
    return wanted & ours if ours else wanted


def _channels(claims: Claims) -> tuple[str, ...] | None:
    if claims.channels is None:
        return None
    if any(pattern.count("*") > _MAX_STARS for pattern in claims.channels):
        raise Unauthenticated(f"expected at most {_MAX_STARS} stars in a pattern of channels")
    return tuple(claims.channels)


def _plain(message: str) -> str:
    """Put msgspec's words into ours; it names kinds, never values."""
    found = _SPOT.fullmatch(message)
    text, claim = (found[1], found[2]) if found else (message, "")
    text = text.replace("Expected ", "expected ", 1).replace("`", "")
    return f"{claim}: {text}" if claim else text
