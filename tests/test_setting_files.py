"""Settings out of files: HUB_ENV_FILE, and NAME_FILE for secrets."""

from pathlib import Path

import pytest

from hub.errors import Misconfigured
from hub.settings import load
from hub.settings.files import MAX_BYTES

STRONG = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"


def written(folder: Path, text: str) -> str:
    """Write a file; return its path."""
    path = folder / "settings"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", ["JWT_SECRET", "API_KEY"])
def test_a_secret_may_be_in_a_file(tmp_path: Path, name: str) -> None:
    """As Docker hands secrets over; the line's end is not part of it."""
    settings, warnings = load({f"{name}_FILE": written(tmp_path, f"{STRONG}\n")})

    secret = settings.jwt_secret or settings.api_key
    assert secret is not None
    assert secret.reveal() == STRONG
    assert settings.auth_required
    assert warnings == []


def test_addresses_with_passwords_may_be_in_a_file(tmp_path: Path) -> None:
    """They hold secrets, too."""
    settings, _ = load({"DATABASE_URL_FILE": written(tmp_path, "postgresql://u:p@h/d")})

    assert settings.postgres_url == "postgresql://u:p@h/d"


def test_an_environment_file_holds_any_setting(tmp_path: Path) -> None:
    """One a line, with comments, quotes and `export`; the environment wins over it."""
    text = f"""# the hub
    export PORT=9000
    LOG_LEVEL = "debug"
    HUB_PONG_S='7'
    CORS_ORIGINS=https://a.example,https://b.example # no comment

    JWT_SECRET={STRONG}
    HOST=
    """
    text = text.replace(" # no comment", "")

    settings, warnings = load({"HUB_ENV_FILE": written(tmp_path, text), "HUB_PONG_S": "8"})

    assert (settings.port, settings.log_level, settings.pong_s) == (9000, "DEBUG", 8.0)
    assert settings.origins == {"https://a.example", "https://b.example"}
    assert settings.jwt_secret is not None
    assert (settings.jwt_secret.reveal(), settings.host) == (STRONG, "127.0.0.1")
    assert warnings == []


def test_an_environment_file_may_name_the_files_of_secrets(tmp_path: Path) -> None:
    """Both ways go together."""
    (tmp_path / "secret").write_text(STRONG)

    settings, _ = load({"HUB_ENV_FILE": written(tmp_path, f"JWT_SECRET_FILE={tmp_path}/secret")})

    assert settings.jwt_secret is not None


def test_a_typo_in_an_environment_file_is_warned_about(tmp_path: Path) -> None:
    """As in the environment."""
    _, warnings = load({"HUB_ENV_FILE": written(tmp_path, "HUB_PONGS=1")})

    assert warnings == ["unknown setting HUB_PONGS, did you mean HUB_PONG_S?"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        pytest.param("HUB_ENV_FILE", "PORT=1\n:\n", "NAME=value in line 2", id="no setting"),
        pytest.param("HUB_ENV_FILE", f"{STRONG}", "in line 1", id="a secret alone"),
        pytest.param("HUB_ENV_FILE", "#" * (MAX_BYTES + 1), "at most 65536 bytes", id="large"),
        pytest.param("JWT_SECRET_FILE", " \n", "got an empty one", id="an empty secret"),
        pytest.param("JWT_SECRET_FILE", STRONG * 2000, "at most 65536 bytes", id="large secret"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, name: str, text: str, line: str
) -> None:
    """In one line, without what is in it."""
    with pytest.raises(Misconfigured, match=line) as refused:
        load({name: written(tmp_path, text)})

    assert STRONG not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_told() -> None:
    """With its name, and why."""
    with pytest.raises(Misconfigured, match="JWT_SECRET_FILE: cannot read /no/such: No such file"):
        load({"JWT_SECRET_FILE": "/no/such"})


def test_other_bytes_than_text_are_told_without_them(tmp_path: Path) -> None:
    """The cause would show them in a traceback."""
    (tmp_path / "settings").write_bytes(b"\xff" + STRONG.encode())

    with pytest.raises(Misconfigured, match="a text in UTF-8") as refused:
        load({"JWT_SECRET_FILE": str(tmp_path / "settings")})

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """Of two, nobody knows which one is used."""
    with pytest.raises(Misconfigured, match="expected API_KEY or API_KEY_FILE, got both"):
        load({"API_KEY": STRONG, "API_KEY_FILE": written(tmp_path, STRONG)})
