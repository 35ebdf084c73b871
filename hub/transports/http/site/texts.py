"""The files that pages are made of: read once, as they were installed.

What people read in the project's `docs/` is what the hub serves: a wheel carries that folder as
`hub/web/docs`, and in a checkout it is still where it is edited.
"""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import hub


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


def read_page(name: str) -> str:
    """Return a page of `docs/`, Markdown, by its name without `.md`; raises as `read_bytes`."""
    return docs().joinpath(f"{name}.md").read_text(encoding="utf-8")


@cache
def docs() -> Traversable:
    """Return the folder with the pages."""
    installed = files("hub").joinpath("web", "docs")
    return installed if installed.is_dir() else Path(hub.__file__).parents[1] / "docs"
