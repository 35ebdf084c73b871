"""Settings: every name, its forms, and one clear line when it is wrong."""

from pathlib import Path
from typing import Any

import pytest

from hub.errors import Misconfigured
from hub.settings import Settings, load, names

SECRET = "hunter2"  # noqa: S105 no secret of anybody
NAMES = {
    "HOST", "PORT", "DATABASE_URL", "REDIS_URL", "LOG_LEVEL", "HUB_LOG_FORMAT", "AUTH",
    "CORS_ORIGINS", "HUB_CONTRACT_LOCATIONS", "HUB_MIGRATE_ON_START", "HUB_HISTORY_MAX_EVENTS",
    "HUB_HISTORY_MAX_AGE_H", "HUB_MAX_BODY_BYTES", "HUB_MAX_ARTIFACT_BYTES",
    "HUB_MAX_FRAME_BYTES", "HUB_MAX_WAITING_UPDATES", "HUB_HEARTBEAT_S", "HUB_PONG_S", "DRAIN_S",
    "HUB_MAX_CONNECTIONS", "HUB_MAX_CONNECTIONS_PER_IP", "HUB_CONNECT_RATE",
    "HUB_CONNECT_RATE_PER_IP", "HUB_CONNECT_RATE_PER_PRINCIPAL", "HUB_REQUEST_RATE",
    "HUB_MAX_CONNECTIONS_PER_PRINCIPAL", "HUB_REQUEST_RATE_PER_IP", "HUB_PUBLISH_RATE",
    "HUB_COMMAND_RATE",
}  # fmt: skip


def test_every_setting_has_a_name_and_a_meaning() -> None:
    """A new setting is named here, so that nobody renames one unawares."""
    found = names()

    assert {name.env for name in found} >= NAMES
    assert len({name.env for name in found}) == len(found) == len(Settings.__struct_fields__)
    assert all(name.meaning for name in found)


def test_without_environment_everything_has_its_default() -> None:
    """Nothing has to be set."""
    settings, warnings = load({})

    assert (settings, warnings) == (Settings(), [])
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 8000, "INFO")


@pytest.mark.parametrize(
    ("env", "text", "value"),
    [
        pytest.param("PORT", "9000", 9000, id="a number"),
        pytest.param("PORT", " 9000 ", 9000, id="spaces around"),
        pytest.param("PORT", "0", 0, id="an explicit zero"),
        pytest.param("PORT", "", 8000, id="empty means not set"),
        pytest.param("PORT", "tcp://10.0.0.1:8000", 8000, id="what an orchestrator injects"),
        pytest.param("HOST", "udp://10.0.0.1:8000", "127.0.0.1", id="the same over UDP"),
        pytest.param("LOG_LEVEL", "debug", "DEBUG", id="a word in lower case"),
        pytest.param("AUTH", "OFF", "off", id="a word in upper case"),
        pytest.param("HUB_MIGRATE_ON_START", "False", False, id="Python's False"),
        pytest.param("HUB_MIGRATE_ON_START", "0", False, id="zero for false"),
        pytest.param("HUB_MIGRATE_ON_START", "TRUE", True, id="true in upper case"),
        pytest.param("HUB_HEARTBEAT_S", "0.5", 0.5, id="a fraction"),
        pytest.param("REDIS_URL", "redis://10.0.0.1", "redis://10.0.0.1", id="an own URL"),
    ],
)
def test_values_are_read_as_people_write_them(env: str, text: str, value: Any) -> None:
    """Typed, forgiving about case and spaces, deaf to what orchestrators inject."""
    settings, _ = load({env: text})

    field = next(name.field for name in names() if name.env == env)
    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        pytest.param({"PORT": "abc"}, "PORT: expected a whole number, got 'abc'", id="no number"),
        pytest.param(
            {"PORT": "70000"}, "PORT: expected a whole number <= 65535, got '70000'", id="no port"
        ),
        pytest.param(
            {"LOG_LEVEL": "LOUD"},
            "LOG_LEVEL: expected DEBUG or INFO or WARN or WARNING or ERROR, got 'LOUD'",
            id="no such word",
        ),
        pytest.param({"AUTH": "x"}, "AUTH: expected off or required, got 'x'", id="optional word"),
        pytest.param(
            {"HUB_MIGRATE_ON_START": "off"},
            "HUB_MIGRATE_ON_START: expected true or false, got 'off'",
            id="neither true nor false",
        ),
        pytest.param(
            {"HUB_HEARTBEAT_S": "0"}, "HUB_HEARTBEAT_S: expected a number > 0.0, got '0'", id="zero"
        ),
        pytest.param({"HUB_PONG_S": "inf"}, "HUB_PONG_S: expected", id="infinity"),
        pytest.param({"HUB_PONG_S": "nan"}, "HUB_PONG_S: expected", id="not a number"),
        pytest.param({"HUB_MAX_BODY_BYTES": "9" * 99}, "HUB_MAX_BODY_BYTES: exp", id="too large"),
        pytest.param({"DATABASE_URL": "hub.db"}, "got no scheme", id="a bare file"),
        pytest.param({"DATABASE_URL": "sqlite://hub.db"}, "without a file", id="two slashes"),
        pytest.param({"DATABASE_URL": "sqlite:///"}, "without a file", id="no file"),
        pytest.param({"DATABASE_URL": "sqlite:///:memory:"}, "sqlite:///FILE", id="in memory"),
        pytest.param({"DATABASE_URL": "sqlite:///var/"}, "sqlite:///FILE", id="a folder"),
        pytest.param({"DATABASE_URL": "mysql://u@h/d"}, "got mysql", id="another database"),
        pytest.param({"CORS_ORIGINS": "*"}, "got '*'", id="everybody's pages"),
        pytest.param(
            {"CORS_ORIGINS": "https://a.example, https://b.example/"}, "b.example/'",
            id="an origin with a path",
        ),
        pytest.param({"HUB_CONTRACT_LOCATIONS": " , "}, "got none", id="no locations"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line(environ: dict[str, str], line: str) -> None:
    """It names the setting, says what was expected and what came, or the remedy."""
    with pytest.raises(Misconfigured) as refused:
        load(environ)

    text = str(refused.value)
    assert line in text
    assert "\n" not in text
    assert next(iter(environ)) in text
    assert len(text) < 250


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"DATABASE_URL": f"mysql://u:{SECRET}@h/d"}, id="another database"),
        pytest.param({"REDIS_URL": f"http://u:{SECRET}@h/d"}, id="no Redis"),
        pytest.param({"DATABASE_URL": SECRET}, id="no URL at all"),
        pytest.param({"API_KEY": SECRET}, id="a key"),
        pytest.param({"JWT_SECRET": SECRET}, id="a secret"),
    ],
)
def test_a_refusal_tells_no_secret(environ: dict[str, str]) -> None:
    """What may be a password does not reach a terminal or a log."""
    with pytest.raises(Misconfigured) as refused:
        load(environ)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        pytest.param("sqlite:///var/hub.db", "var/hub.db", id="relative"),
        pytest.param("sqlite:////data/hub.db", "/data/hub.db", id="absolute"),
        pytest.param("sqlite+aiosqlite:///hub.db", "hub.db", id="with a driver"),
        pytest.param("sqlite:////data/my%20hub.db", "/data/my hub.db", id="quoted"),
        pytest.param("sqlite:////data/a#b.db", "/data/a#b.db", id="with a #"),
        pytest.param("sqlite:////data/hub.db?timeout=5", "/data/hub.db", id="with parameters"),
    ],
)
def test_the_data_file_is_where_the_url_says(url: str, file: str) -> None:
    """Three slashes lead to a relative path, four to an absolute one."""
    settings, _ = load({"DATABASE_URL": url})

    assert settings.data_file == Path(file)


def test_artifacts_lie_beside_their_own_data_file() -> None:
    """Two hubs in one folder must not sweep each other's files."""
    one, other = (Settings(database_url=f"sqlite:////d/{name}.db") for name in "ab")

    assert one.artifacts_folder.parent == other.artifacts_folder.parent == Path("/d")
    assert one.artifacts_folder != other.artifacts_folder


@pytest.mark.parametrize(
    ("environ", "warnings"),
    [
        pytest.param(
            {"HUB_HEARBEAT_S": "1"},
            ["unknown setting HUB_HEARBEAT_S, did you mean HUB_HEARTBEAT_S?"],
            id="a typo",
        ),
        pytest.param(
            {"HUB_PORT": "80"}, ["unknown setting HUB_PORT, did you mean PORT?"],
            id="our prefix before a bare name",
        ),
        pytest.param(
            {"HUB_HOST": "x"}, ["unknown setting HUB_HOST, did you mean HOST?"],
            id="our prefix, where another name is more alike",
        ),
        pytest.param({"HUB_XYZ": "1"}, ["unknown setting HUB_XYZ"], id="nothing like it"),
        pytest.param(
            {"HUB_PORT": "tcp://10.0.0.1:80", "HUB_SERVICE_HOST": "10.0.0.1",
             "HUB_SERVICE_PORT_HTTP": "80", "HUB_PORT_80_TCP": "tcp://10.0.0.1:80",
             "HUB_PORT_80_TCP_ADDR": "10.0.0.1", "HUB_PORT_80_TCP_PROTO": "tcp"},
            [], id="what Kubernetes sets beside a service called hub",
        ),
        pytest.param({"HUB_URL": "x", "HUB_TOKEN": "y"}, [], id="what clients read"),
        pytest.param({"WS_URI": "ws://x", "PATH": "/bin", "PORTS": "1"}, [], id="not ours"),
        pytest.param({"REDIS_URL": "redis://x"}, [], id="Redis"),
        pytest.param(
            {"DATABASE_URL": "sqlite:///a.db?b=c"},
            ["DATABASE_URL: what stands behind the ? is not used"], id="parameters of a URL",
        ),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_said(environ: dict[str, str], warnings: list[str]) -> None:
    """A setting that nobody reads is warned about, unless it is somebody else's."""
    assert load(environ)[1] == warnings


def test_lists_are_comma_separated() -> None:
    """Spaces and empty parts do not matter."""
    settings, _ = load(
        {"CORS_ORIGINS": "https://a.example, http://b.example:81,",
         "HUB_CONTRACT_LOCATIONS": "Oslo , Łódź"}
    )  # fmt: skip

    assert settings.origins == {"https://a.example", "http://b.example:81"}
    assert settings.locations == {"Oslo", "Łódź"}
