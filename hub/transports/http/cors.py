"""CORS: pages of other origins that may ask, where the hub's settings name some."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


def with_cors(app: ASGIApp, origins: frozenset[str]) -> ASGIApp:
    """Return the application with answers to a browser's questions before it asks."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        # A browser's EventSource sends Last-Event-ID unasked; libraries on fetch must ask.
        allow_headers=["Content-Type", "Idempotency-Key", "Authorization", "Last-Event-ID"],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After"],
        max_age=600,
    )


class Cors:
    """The application behind the origins that may ask now."""

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._open = with_cors(app, origins)

    def allow(self, origins: frozenset[str]) -> None:
        """Let these ask from now on, and no others."""
        self._open = with_cors(self._app, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._open(scope, receive, send)
