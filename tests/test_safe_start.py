"""Safe by default: who may come in follows from the settings; what is not safe does not start."""

import re
import traceback
from typing import Any

import msgspec
import pytest

from hub.errors import Misconfigured
from hub.settings import Secret, Settings, load

STRONG = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"
OTHER = "Vb4n_Mk8j-Hg2fDs6aPo9iUy3tRe7wQz5xCl1vBn"
URL = "https://id.example/jwks.json"
JWKS = {"JWKS_URL": URL, "JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "hub"}
PUBLIC = "-----BEGIN PUBLIC KEY-----"


@pytest.mark.parametrize(
    ("environ", "required"),
    [
        pytest.param({}, False, id="nothing, on loopback"),
        pytest.param({"HOST": "localhost"}, False, id="loopback by name"),
        pytest.param({"HOST": "::1"}, False, id="loopback of IPv6"),
        pytest.param({"AUTH": "off"}, False, id="off, on loopback"),
        pytest.param({"AUTH": "required"}, True, id="asked for, on loopback"),
        pytest.param({"API_KEY": STRONG}, True, id="a static key"),
        pytest.param({"JWT_SECRET": STRONG}, True, id="a secret of JWTs"),
        pytest.param({"JWT_PUBLIC_KEY": PUBLIC}, True, id="a public key of JWTs"),
        pytest.param(JWKS, True, id="a key server"),
        pytest.param({"HOST": "0.0.0.0"}, True, id="every address"),
        pytest.param({"HOST": "::"}, True, id="every address of IPv6"),
        pytest.param({"HOST": "10.0.0.7"}, True, id="an address of a network"),
        pytest.param({"HOST": "127.0.0.2"}, True, id="loopback that a proxy could have"),
        pytest.param({"HOST": "0.0.0.0", "AUTH": "required"}, True, id="every address, asked for"),
    ],
)
def test_credentials_are_asked_for_unless_the_hub_is_for_this_machine_alone(
    environ: dict[str, str], *, required: bool
) -> None:
    """Any credential and any address but loopback means that one must say who one is."""
    settings, _ = load(environ)

    assert settings.auth_required is required


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        pytest.param(
            {"HOST": "0.0.0.0", "AUTH": "off"},
            "AUTH=off with HOST=0.0.0.0 would open the hub to everybody who can reach it: unset "
            "AUTH and make a key with `hub token create`, or set HOST=127.0.0.1",
            id="open to everybody",
        ),
        pytest.param({"HOST": "127.0.0.2", "AUTH": "off"}, "HOST=127.0.0.2", id="nearly loopback"),
        pytest.param(
            {"AUTH": "off", "API_KEY": STRONG, **JWKS}, "nobody for API_KEY and JWKS_URL",
            id="open, with credentials",
        ),
        pytest.param({"HUB_TRUSTED_PROXIES": "127.0.0.1"}, "expects AUTH=required", id="proxied"),
        pytest.param(
            {"AUTH": "required", "HUB_TRUSTED_PROXIES": "10.0.0.0/8, nginx"}, "got 'nginx'",
            id="a proxy by name",
        ),
        pytest.param({"HUB_ALLOWED_HOSTS": "hub.example:8000"}, "without ports", id="a port"),
        pytest.param({"HUB_ALLOWED_HOSTS": "*"}, "got '*'", id="any host"),
        pytest.param({"API_KEY": f"{STRONG},short"}, "characters, got 5", id="short second key"),
        pytest.param({"API_KEY": ",,"}, "characters, got 0", id="a list of no keys"),
        pytest.param({"API_KEY": "short"}, "at least 20 random characters, got 5", id="short key"),
        pytest.param({"API_KEY": f"{STRONG} {STRONG}"}, "without spaces", id="no token"),
        pytest.param({"API_KEY": f"é{STRONG}"}, "printable ASCII", id="no header could carry it"),
        pytest.param({"API_KEY": "my-api-key-changeme-1"}, "well-known", id="key of a tutorial"),
        pytest.param({"JWT_SECRET": "secret"}, "at least 32 random bytes, got 6", id="short"),
        pytest.param({"JWT_SECRET": "changeme"}, "got 8", id="default"),
        pytest.param({"JWT_SECRET": STRONG[:31]}, "got 31", id="a byte too short"),
        pytest.param({"JWT_SECRET": "a" * 64}, "only 1 different", id="one character"),
        pytest.param({"JWT_SECRET": "abcabdacbabdcabdcabdcbadbcabdcab"}, "only 4", id="few"),
        pytest.param({"JWT_SECRET": STRONG[:10] * 4}, "again and again", id="repeated"),
        pytest.param(
            {"JWT_SECRET": "your-super-secret-jwt-token-with-at-least-32-characters-long"},
            "well-known", id="a product's default",
        ),
        pytest.param(
            {"JWT_SECRET": "a-string-secret-at-least-256-bits-long"}, "well-known",
            id="a debugger's default",
        ),
        pytest.param(
            {"JWT_SECRET": "Change-Me-Change-Me-Please-Please!"}, "well-known", id="in capitals"
        ),
        pytest.param({"JWT_SECRET": PUBLIC * 2}, "go into JWT_PUBLIC_KEY", id="a public key"),
        pytest.param({"JWT_SECRET_PREVIOUS": STRONG}, "expected JWT_SECRET", id="only the last"),
        pytest.param(
            {"JWT_SECRET": STRONG, "JWT_SECRET_PREVIOUS": "secret"}, "JWT_SECRET_PREVIOUS: exp",
            id="a short last one",
        ),
        pytest.param({**JWKS, "JWKS_URL": "http://id.example/k"}, "http://id.", id="in clear"),
        pytest.param({**JWKS, "JWKS_URL": "file:///etc/passwd"}, "got file://", id="a file"),
        pytest.param({**JWKS, "JWKS_URL": "https://"}, "got https://", id="no host"),
        pytest.param({**JWKS, "JWKS_URL": "https://[bad"}, "got no address", id="no address"),
        pytest.param({**JWKS, "JWKS_URL": f"https://u:{OTHER}@h/"}, "no user", id="a password"),
        pytest.param({"JWKS_URL": URL}, "set JWT_ISSUER and JWT_AUDIENCE", id="all that it signs"),
        pytest.param({"HUB_SSL_KEYFILE": "k"}, "HUB_SSL_CERTFILE", id="a key, no certificate"),
        pytest.param({"HUB_SSL_CA_CERTS": "k"}, "HUB_SSL_CERTFILE", id="roots, no certificate"),
    ],
)  # fmt: skip
def test_what_is_not_safe_does_not_start(environ: dict[str, str], line: str) -> None:
    """One line names the setting and what to do, and repeats nothing of a secret."""
    with pytest.raises(Misconfigured) as refused:
        load(environ)

    text = str(refused.value)
    assert line in text
    assert "\n" not in text
    assert len(text) < 250
    assert not any(secret in text for secret in (STRONG, STRONG[:10], OTHER, "jwt-token"))


@pytest.mark.parametrize("name", ["API_KEY", "JWT_SECRET"])
def test_a_refused_secret_comes_with_a_fresh_one_to_paste(name: str) -> None:
    """Each time another, and one that is taken."""
    fresh = set()
    for _ in range(2):
        with pytest.raises(Misconfigured) as refused:
            load({name: "weak"})
        found = re.search(rf"{name}=(\S+)\Z", str(refused.value))
        assert found
        load({name: found[1]})
        fresh.add(found[1])

    assert len(fresh) == 2


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        pytest.param(JWKS, [], id="complete"),
        pytest.param({**JWKS, "JWT_AUDIENCE": ""}, ["JWKS_URL without JWT_AUDIENCE"], id="no aud"),
        pytest.param({**JWKS, "JWT_ISSUER": ""}, ["JWKS_URL without JWT_ISSUER"], id="no iss"),
        pytest.param({"JWKS_URL": "http://127.0.0.1/k", "JWT_ISSUER": "a", "JWT_AUDIENCE": "b"},
                     [], id="a key server on this machine"),
    ],
)  # fmt: skip
def test_half_a_check_of_tokens_is_warned_about(environ: dict[str, str], warned: list[str]) -> None:
    """It works, and is perhaps not meant."""
    _, warnings = load(environ)

    assert [warning.partition(":")[0] for warning in warnings] == warned


ALL_SECRETS = {
    "API_KEY": f"A{STRONG}",
    "JWT_SECRET": f"B{STRONG}",
    "JWT_SECRET_PREVIOUS": f"C{STRONG}",
    "JWT_PUBLIC_KEY": f"D{STRONG}",
    "HUB_SSL_CERTFILE": "cert.pem",
    "HUB_SSL_KEYFILE_PASSWORD": f"E{STRONG}",
    "DATABASE_URL": f"postgresql://u:F{STRONG}@h/d",
    "REDIS_URL": f"redis://:G{STRONG}@h",
}


def rendered(settings: Settings) -> list[str]:
    """Return the settings as logs, tracebacks and careless code would write them."""
    nothing: dict[Any, str] = {}
    with pytest.raises(KeyError) as caught:
        nothing[settings.api_key]
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    values: list[Any] = [settings.api_key, settings.jwt_secret, settings.ssl_keyfile_password]
    json = msgspec.json.encode({"values": values}, enc_hook=repr).decode()
    return [repr(settings), str(settings), f"{settings}", "".join(lines), json]


def test_settings_never_show_a_secret() -> None:
    """Not in a repr, a format, a traceback with its variables, or a line of the log."""
    settings, _ = load(ALL_SECRETS)

    shown = "".join(rendered(settings))

    assert STRONG not in shown
    assert "Secret(…)" in shown
    assert "postgresql://h/d" in repr(settings)
    assert settings.jwt_secret is not None
    assert (str(settings.jwt_secret), settings.jwt_secret.reveal()) == ("…", f"B{STRONG}")


def test_a_broken_address_can_be_shown() -> None:
    """A repr never fails."""
    assert "database_url=…" in repr(Settings(database_url="postgresql://[x"))


def test_secrets_are_equal_when_their_texts_are() -> None:
    """A reload sees what has changed."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("")
