"""A download: the content of an artifact, whole or in ranges (RFC 9110, 13 and 14)."""

from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from hub.errors import ArtifactNotFound, InvalidRequest, RangeNotSatisfiable
from hub.services.artifacts import File

_WRONG_RANGE = 400
_NO_SUCH_RANGE = 416
_CACHED = {"cache-control": "private, no-cache"}


class Download:
    """The content of an artifact as an ASGI application.

    Uploaded content is somebody's: it is saved, never shown or run in our origin (CWE-79).
    """

    def __init__(self, file: File, name: str) -> None:
        self._path: Path = file.path
        self._name = name
        # A file never changes, so its id is as strong a validator as there can be.
        self._etag = f'"{file.file_id}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            ArtifactNotFound: The file is gone.
            RangeNotSatisfiable: The range lies outside the content.
            InvalidRequest: The Range header cannot be read.
        """
        headers = Headers(scope=scope)
        if self._is_known(headers.get("if-none-match")):
            await Response(None, 304, {"etag": self._etag, **_CACHED})(scope, receive, send)
            return
        response = self._response()

        async def checked(message: Message) -> None:
            self._refuse(message.get("status"), headers.get("range", ""))
            await send(message)

        await response(scope, receive, checked)

    def _is_known(self, etags: str | None) -> bool:
        known = [etag.strip().removeprefix("W/") for etag in (etags or "").split(",")]
        return "*" in known or self._etag in known

    def _response(self) -> FileResponse:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            expected = f"expected the content of {self._name[:80]!r}, its file is gone"
            raise ArtifactNotFound(expected) from None
        return FileResponse(
            self._path,
            filename=self._name,
            stat_result=stat,
            media_type="application/octet-stream",
            content_disposition_type="attachment",
            headers={
                "etag": self._etag,
                "x-content-type-options": "nosniff",
                "content-security-policy": "sandbox; default-src 'none'",
                **_CACHED,
            },
        )

    def _refuse(self, status: int | None, range_: str) -> None:
        """Say in our words what starlette would answer in its own."""
        if status == _NO_SUCH_RANGE:
            size = self._path.stat().st_size
            raise RangeNotSatisfiable(
                f"expected a range within {size} bytes, got {range_[:80]!r}", size=size
            )
        if status == _WRONG_RANGE:
            raise InvalidRequest(f"expected Range: bytes=FIRST-LAST, got {range_[:80]!r}")
