"""The files of the dashboard, and of the JavaScript client that it is built on, by their address.

A wheel carries the client in `hub/web/client`; in a checkout it is where it is written.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from hub.transports.http.site.shelf import Leaf

_MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@cache
def dashboard_leaves() -> Mapping[str, Leaf]:
    """Return them all; each is read when it is first asked for.

    Raises:
        FileNotFoundError: The client is neither in the package nor beside it.
    """
    web = files("hub").joinpath("web")
    found = dict(_under(web.joinpath("dashboard"), "/web/dashboard"))
    found |= dict(_under(_client(web), "/web/client"))
    return {path: Leaf(_media(path), cache(file.read_bytes)) for path, file in found.items()}


def _client(web: Traversable) -> Traversable:
    packaged = web.joinpath("client")
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[4] / "clients/javascript/src"


def _under(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _under(entry, f"{path}/{entry.name}")
        elif _media(entry.name):
            yield f"{path}/{entry.name}", entry


def _media(name: str) -> str:
    return next((media for end, media in _MEDIA.items() if name.endswith(end)), "")
