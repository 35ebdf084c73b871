"""The files of `hub/web`: read once, as they were installed."""

from functools import cache
from importlib.resources import files


@cache
def read_bytes(name: str) -> bytes:
    """Return a file of `hub/web`.

    Raises:
        FileNotFoundError: There is none.
    """
    return files("hub").joinpath("web", name).read_bytes()


def read_text(name: str) -> str:
    """Return a text of `hub/web`; raises as `read_bytes`."""
    return read_bytes(name).decode()
