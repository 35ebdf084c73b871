"""Every code that a caller can meet, with its page and what a program should do about it.

The hub's own come from the tree in `hub.errors`; the SDK adds words for what happens on the way
to the hub. Each has a page in `hub/web/errors`; a test compares.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.errors import ConnectionEnded, HubError, InvalidCommand, Misconfigured
from hub.transports.http.site.texts import read_text


class Code(NamedTuple):
    """One code.

    Attributes:
        statuses: HTTP statuses that it comes with; none when it never travels over HTTP.
        close_code: WebSocket close code that it comes with.
        retryable: Whether the same request may succeed later.
        source: Who says it: the hub, or the SDK.
    """

    code: str
    statuses: tuple[int, ...]
    close_code: int | None
    retryable: bool
    source: str

    @property
    def page(self) -> str:
        """The text of its page, Markdown."""
        return read_text(f"errors/{self.code}.md")

    @property
    def meaning(self) -> str:
        """What it means, in a line: the title of its page."""
        return self.page.partition("\n")[0].removeprefix("# ")


_LAST = 10_000
# What the SDK says besides (hub_client.errors): the hub was not reached, or its answer not read.
_SDK = {
    "E_WEBHOOK_FAILED": True,
    "E_NETWORK_ERROR": True,
    "E_TIMEOUT": True,
    "E_SERIALIZATION_ERROR": False,
    "request_refused": False,
    "history_gap": False,
    "webhook_not_verified": False,
}


def all_codes() -> Sequence[Code]:
    """Return every code: the hub's by status, as people look them up, then the SDK's."""
    found: dict[str, Code] = {}
    for kind in tree(HubError):
        statuses = (kind.status,) if _travels_by_http(kind) else ()
        code = Code(kind.code, statuses, kind.close_code, kind.retryable, "hub")
        before = found.get(kind.code)
        if before is not None:
            merged = (*before.statuses, *code.statuses)
            code = before._replace(statuses=tuple(sorted(set(merged))))
        found[kind.code] = code
    sdk = [Code(word, (), None, retryable, "SDK") for word, retryable in _SDK.items()]
    return [*sorted(found.values(), key=_place), *sdk]


def _place(code: Code) -> tuple[int, int, str]:
    """Return where a code stands: those that HTTP does not say come last, by their close."""
    return (*code.statuses, _LAST)[0], code.close_code or _LAST, code.code.lower()


def tree(kind: type[HubError]) -> Iterator[type[HubError]]:
    """Yield a kind of error and all below it that the hub defines."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith("hub.errors"):
            yield from tree(below)


def _travels_by_http(kind: type[HubError]) -> bool:
    """Say whether it is ever an HTTP answer: some only end a program, or a socket."""
    if kind in {Misconfigured, InvalidCommand}:
        return False
    return not (issubclass(kind, ConnectionEnded) and kind.close_code is not None)
