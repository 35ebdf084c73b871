"""Where the hub is and who we are: arguments first, then the environment.

`HUB_URL` is the HTTP address, `WS_URI` the WebSocket's; either is worked out
from the other when only one is set. An empty variable counts as unset.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

DEFAULT_URL = "http://127.0.0.1:8000"
USER_AGENT = "hub-client/0.1.0"

Token = str | Callable[[], str]


class Address:
    """The two addresses of one hub, and the headers that go to both.

    Attributes:
        http: Base of every request, without a trailing slash.
        websocket: The socket's full address, `/ws` or `/api/ws` included.
    """

    def __init__(
        self, url: str | None, token: Token | None, environment: Mapping[str, str]
    ) -> None:
        """Read both addresses.

        Raises:
            ValueError: An address is not http(s):// or ws(s):// with a host.
        """
        given = url or environment.get("HUB_URL") or ""
        if not url and given.startswith(("tcp://", "udp://")):
            given = ""  # injected by an orchestrator for a Service that is named hub
        socket = "" if url else environment.get("WS_URI") or ""
        if given.startswith(("ws:", "wss:")):
            given, socket = "", given
        self.http = _http(given or socket or DEFAULT_URL)
        self.websocket = _checked(socket) if socket else _websocket(self.http)
        self._token = token if token is not None else environment.get("HUB_TOKEN") or None

    def headers(self) -> dict[str, str]:
        """Return what every request and upgrade carries; asks a callable token anew."""
        headers = {"User-Agent": USER_AGENT}
        token = self._token() if callable(self._token) else self._token
        if token:
            if not (token.isascii() and token.isprintable()):
                raise ValueError("expected a token of printable ASCII, got other characters")
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def upgrade(self) -> str:
        """Return the socket's address with an empty `channels`: nothing until subscribed."""
        parts = urlsplit(self.websocket)
        query = f"{parts.query}&channels=" if parts.query else "channels="
        return urlunsplit(parts._replace(query=query))


def _http(url: str) -> str:
    parts = urlsplit(_checked(url))
    path = parts.path.rstrip("/")
    if parts.scheme in {"ws", "wss"}:
        path = path.removesuffix("/ws").removesuffix("/api")
    scheme = parts.scheme.replace("ws", "http")
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def _websocket(http: str) -> str:
    return http.replace("http", "ws", 1) + "/ws"


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        raise ValueError(f"expected http(s)://host or ws(s)://host, got {url!r}")
    return url
