"""The passage: how far an exchange has come, and what that comes to."""

from urllib.parse import urlsplit

from hub.model.delivery import Failure
from hub.webhooks.course import Course
from hub.webhooks.retry_after import retry_after_s
from hub.webhooks.sender import Answer
from hub.webhooks.wire import Wire

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_MAX_HOST = 253


class Passage:
    """One exchange, with whatever becomes of it."""

    def __init__(self) -> None:
        self._course = Course()
        self._wire: Wire | None = None
        self._sent_ns = 0
        self._failure: Failure | None = None
        self._detail = ""

    def dials(self) -> Course:
        """A new connection is opened; return what its way is to be written on."""
        self._course, self._wire = Course(), None
        return self._course

    def sends(self, wire: Wire, now_ns: int) -> None:
        """The request goes out."""
        self._course.address = wire.address
        self._wire, self._sent_ns = wire, now_ns

    def fail(self, failure: Failure, detail: str) -> None:
        """It came to nothing."""
        self._failure, self._detail = failure, detail

    def answer(self, total_us: int, now_us: int) -> Answer:
        """Return what came of it."""
        course, wire = self._course, self._wire
        if wire is None:
            return Answer(
                None, self._failure, self._detail, course.address,
                course.dns_us, course.connect_us, None, total_us,
            )  # fmt: skip
        reply = wire.reply
        failure, detail = self._failure, self._detail
        if failure is None and reply.status not in _OK:
            failure, detail = _judged(reply.status or 0, reply.location)
        return Answer(
            reply.status,
            failure,
            detail,
            course.address,
            course.dns_us,
            course.connect_us,
            (reply.first_ns - self._sent_ns) // 1000 if reply.first_ns else None,
            total_us,
            retry_after_s(reply.retry_after, now_us) if reply.retry_after else None,
            reply.body,
            reply.body_bytes,
        )


def _judged(status: int, location: str) -> tuple[Failure, str]:
    if status in _REDIRECTS:
        where = _host_of(location)
        return "redirect", f"{status}{where}: redirects are not followed"
    return "status", f"the answer was {status}"


def _host_of(location: str) -> str:
    """Return where a redirect leads: its host alone, for the rest is the receiver's secret."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return ""
    return f" to {host[:_MAX_HOST]}" if host.isascii() and host.isprintable() and host else ""
