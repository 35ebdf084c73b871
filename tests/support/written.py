"""What a hub has written to the disk."""

from pathlib import Path


def written_in(folder: Path) -> bytes:
    """Return the bytes of every file of a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
