"""A backup never goes over the hub's own files."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock"])
def test_the_hubs_own_files_are_no_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """A running hub would go on writing into the replaced file, and lose what it acknowledged."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/hub.db")
    (tmp_path / "hub.db").write_bytes(b"")

    result = CliRunner().invoke(main, ["backup", "--force", f"{tmp_path}/hub.db{end}"])

    assert result.exit_code == 2
    assert (tmp_path / "hub.db").read_bytes() == b""
