"""A backup never goes over the hub's own files."""

from pathlib import Path

import pytest

from support.commands import invoke


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock", ".keys"])
def test_the_hubs_own_files_are_no_target(tmp_path: Path, end: str) -> None:
    """A running hub would go on writing into the replaced file, and lose what it acknowledged."""
    data_file = tmp_path / "hub.db"
    data_file.write_bytes(b"")

    finished = invoke(
        "backup", "--force", f"{data_file}{end}", DATABASE_URL=f"sqlite:///{data_file}"
    )

    assert finished.code == 2
    assert data_file.read_bytes() == b""
