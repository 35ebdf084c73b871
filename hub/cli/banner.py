"""What `hub serve` says once it answers."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from hub.cli.listening import url_host

CURL = (
    "curl -X POST {url}update -H 'Content-Type: application/json' {token}\\\n"
    '  -d \'{{"contract_id":"c-1","location":"{location}","status":"active",'
    '"timestamp":"{now}"}}\''
)


class Banner(NamedTuple):
    """Where the hub is, what it keeps, who may come in.

    Attributes:
        location: A location that contracts may have, for the example.
        now: RFC 3339, for the example.
        required: One must say who one is.
        hint: What to do before anybody can come in; empty: nothing.
        secure: Over TLS.
    """

    version: str
    host: str
    port: int
    data: str
    location: str
    now: str
    required: bool = False
    hint: str = ""
    secure: bool = False

    @property
    def url(self) -> str:
        """Return the address of the dashboard and the root of the API."""
        return f"{'https' if self.secure else 'http'}://{url_host(self.host)}:{self.port}/"

    @property
    def ws(self) -> str:
        """Return the address of the WebSocket."""
        return f"{'wss' if self.secure else 'ws'}://{url_host(self.host)}:{self.port}/ws"

    def facts(self, pid: int) -> dict[str, object]:
        """Return what a program that started the hub wants to know."""
        return {
            "version": self.version,
            "host": self.host,
            "port": self.port,
            "url": self.url,
            "ws": self.ws,
            "docs": f"{self.url}docs",
            "data_file": self.data,
            "persists": True,
            "access": "required" if self.required else "open",
            "pid": pid,
        }

    def write(self, console: Console) -> None:
        """Write it for people. Nothing is wrapped: what is copied must stay whole."""
        for line in ("", *self._lines(), ""):
            console.print(line, soft_wrap=True)

    def _lines(self) -> Iterator[Text]:
        yield Text.assemble("  ", ("●", "green"), (" Hub", "bold"), f" {self.version}")
        yield Text()
        yield _row("Dashboard", _link(self.url))
        yield _row("WebSocket", _link(self.ws))
        yield _row("Docs", _link(f"{self.url}docs"))
        yield _row(
            "Data",
            self.data,
            (" (persists: it is all there after a restart)", "dim"),
        )
        if self.required:
            yield _row("Access", "with a key or a token", (" (AUTH=required)", "dim"))
        else:
            yield _row("Access", "open to this machine only", (" (AUTH=off)", "dim"))
        if self.hint:
            yield _row("First", (self.hint, "yellow"))
        yield Text()
        yield Text(
            "  Post an update, and every open screen shows it (Ctrl-C stops the hub):", "dim"
        )
        yield Text()
        token = '-H "Authorization: Bearer $HUB_TOKEN" ' if self.required else ""
        yield Text(CURL.format(url=self.url, location=self.location, now=self.now, token=token))


def _row(name: str, *parts: str | tuple[str, str]) -> Text:
    return Text.assemble("  ", (f"{name:<12}", "dim"), *parts)


def _link(address: str) -> tuple[str, str]:
    return address, f"cyan link {address}"
