"""DATABASE_URL in the forms that the seeds and other tools write."""

import pytest

from hub.database_url import postgres_url, without_secrets
from hub.settings import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("postgresql://u:p@h:5/d", "postgresql://u:p@h:5/d", id="plain"),
        pytest.param("postgres://u@h/d", "postgresql://u@h/d", id="the short name"),
        pytest.param("postgresql+asyncpg://u@h/d", "postgresql://u@h/d", id="the seeds' form"),
        pytest.param(
            "postgresql+asyncpg://u@h/d?a=1&ssl=require",
            "postgresql://u@h/d?a=1&sslmode=require",
            id="with TLS as SQLAlchemy says it",
        ),
        pytest.param("sqlite:///var/hub.db", None, id="another database"),
        pytest.param("postgresql://", None, id="nothing behind it"),
    ],
)
def test_postgres_is_read_in_every_form(url: str, expected: str | None) -> None:
    """The driver gets its own form."""
    assert postgres_url(url) == expected


def test_the_place_is_shown_without_secrets() -> None:
    """Neither user nor password reach a terminal."""
    url = "postgresql+asyncpg://user:secret@db.example:5432/hub?password=secret"

    redis = "rediss+sentinel://me:secret@one.example,two.example:7/primary/0?password=secret"

    assert without_secrets(redis) == "rediss+sentinel://one.example,two.example:7/primary/0"
    assert Settings(database_url=url).data_place == "postgresql://db.example:5432/hub"


def test_artifacts_have_a_folder_on_every_store() -> None:
    """Beside the data file, in var/, or where the setting says."""
    folders = [
        Settings(database_url="sqlite:///a/hub.db").artifacts_folder,
        Settings(database_url="postgresql://u@h/d").artifacts_folder,
        Settings(database_url="postgresql://u@h/d", artifacts_dir="/mnt/a").artifacts_folder,
    ]

    assert [str(folder) for folder in folders] == ["a/hub.db.artifacts", "var/artifacts", "/mnt/a"]
