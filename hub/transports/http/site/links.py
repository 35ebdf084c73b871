"""Links of the texts in `docs/`, which lead to files, as addresses of a hub.

In the repository a page names its neighbours by file (`settings.md#tls`), so that a reader there
can follow; on a hub the same page is at `/docs/settings#tls`. What a hub does not serve keeps its
words and loses its link.
"""

import re
from collections.abc import Callable

from hub.transports.http.site.contents import NAMES, address_of

# Code comes first: what looks like a link in there is none.
_LINK = re.compile(
    r"(?P<code>^```.*?^```$|^ {4}.*?$|(?P<tick>`+)(?P<said>.+?)(?P=tick))"
    r"|(?P<picture>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"(?P<name>[a-z0-9-]+)\.md(?P<anchor>#.*)?")
_ERROR = re.compile(r"\.\./hub/web/errors/(?P<code>\w+)\.md")
_PICTURE = re.compile(r"[a-z0-9/-]+\.(?:png|svg)")
_ANSWERED = frozenset({
    "/openapi.json", "/asyncapi.json", "/health", "/ready", "/metrics", "/docs", "/llms.txt",
})  # fmt: skip


def served(markdown: str) -> str:
    """Return a text of `docs/` with its links as addresses; addresses in code become links."""
    return _LINK.sub(
        lambda found: _code(found) if found["code"] else _link(found, _plain), markdown
    )


def portable(markdown: str) -> str:
    """Return a served text for those who read Markdown: pages are linked as Markdown, too."""
    return _LINK.sub(
        lambda found: found[0] if found["code"] else _link(found, _as_markdown), markdown
    )


def _code(found: re.Match[str]) -> str:
    said = found["said"]
    return f"[`{said}`]({said})" if said in _ANSWERED else found[0]


def _link(found: re.Match[str], spell: Callable[[str], str]) -> str:
    picture, text, target = found["picture"], found["text"], found["target"]
    address = spell(target)
    return f"{picture}[{text}]({address})" if address else text


def _plain(target: str) -> str:
    if target.startswith(("https://", "#", "/")):
        return target
    if (error := _ERROR.fullmatch(target)) is not None:
        return f"/docs/errors/{error['code']}"
    if _PICTURE.fullmatch(target):
        return f"/docs/{target}"
    file = _FILE.fullmatch(target)
    if file is None or file["name"] not in NAMES:
        return ""
    return address_of(file["name"]) + (file["anchor"] or "")


def _as_markdown(target: str) -> str:
    path, mark, anchor = target.partition("#")
    page = path == "/docs" or (path.startswith("/docs/") and "." not in path)
    return f"{path}.md{mark}{anchor}" if page else target
