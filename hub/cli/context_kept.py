"""What `hub context` does: changes the file, and tells of it without any token."""

import os
from typing import Any
from urllib.parse import urlsplit

import click
from rich.text import Text

from hub.cli.contexts import NAME, Context, Contexts, config_file, find, load, others_can_read, save
from hub.cli.output import Output
from hub.cli.token_lines import printable
from hub.cli.token_options import credential_id
from hub_client.address import Address

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def keep(name: str, url: str, token: str, *, use_it: bool, output: Output) -> None:
    """Keep a hub under a name.

    Raises:
        click.UsageError: The name, the address or the token is none.
        Misconfigured: The file cannot be read or written.
    """
    if not NAME.fullmatch(name):
        expected = "64 letters, digits, - and _ at most, a letter or digit first"
        raise click.UsageError(f"expected a name of {expected}, got {name[:80]!r}")
    try:
        address = Address(url, token, {})
        address.headers()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if "@" in urlsplit(address.http).netloc:
        raise click.UsageError("expected no name and password in the address, got some")
    path, host = config_file(), urlsplit(address.http).hostname
    if token and address.http.startswith("http:") and host not in _LOOPBACK:
        output.warn(f"the token travels to {host} in the clear: use https://")
    before = load(path)
    current = name if use_it or not before.known else before.current
    save(path, Contexts(current, {**before.known, name: Context(url, token)}))
    output.note(f"kept in {path}")
    told(name, output)


def choose(name: str, output: Output) -> None:
    """Use a context from now on; with no name, none.

    Raises:
        Misconfigured: There is none of this name, or the file cannot be written.
    """
    path = config_file()
    before = load(path)
    if name:
        find(before, name, path)
    save(path, before._replace(current=name))
    if os.environ.get("HUB_URL") or os.environ.get("HUB_CONTEXT"):
        output.warn("HUB_URL or HUB_CONTEXT is set in this shell, and goes before it")
    if name:
        told(name, output)


def forget(name: str, output: Output) -> None:
    """Forget a context.

    Raises:
        Misconfigured: There is none of this name, or the file cannot be written.
    """
    path = config_file()
    before = load(path)
    gone = find(before, name, path)
    left = {other: one for other, one in before.known.items() if other != name}
    save(path, Contexts("" if before.current == name else before.current, left))
    view = _view(name, gone, before)
    output.show(view, lambda: Text(f"forgotten: {name}, {gone.url}"))


def told(name: str | None, output: Output) -> None:
    """Tell of a context, of the one that counts where the name is empty, or of all.

    Raises:
        Misconfigured: There is none of this name, or none counts.
    """
    path = config_file()
    contexts = load(path)
    if others_can_read(path):
        output.warn(f"others can read {path}: chmod 600 {path}")
    if name is None:
        for each in sorted(contexts.known):
            output.show(view := _view(each, contexts.known[each], contexts), lambda: _line(view))
        if not contexts.known:
            output.note("no contexts: `hub context add NAME URL` makes one")
        return
    wanted = name or _counting(contexts)
    view = _view(wanted, find(contexts, wanted, path), contexts)
    output.show(view, lambda: _line(view))


def _counting(contexts: Contexts) -> str:
    return os.environ.get("HUB_CONTEXT") or contexts.current


def _view(name: str, context: Context, contexts: Contexts) -> dict[str, Any]:
    counts = name == _counting(contexts)
    return {"name": name, "url": context.url, "token": _kind(context.token), "current": counts}


def _kind(token: str) -> str | None:
    """Say what a token is, by what of it may be shown."""
    if not token:
        return None
    if token.startswith("hub_"):
        return f"API key {credential_id(token)}"
    return "JWT" if token.startswith("eyJ") else "a token"


def _line(view: dict[str, Any]) -> Text:
    return Text.assemble(
        ("* " if view["current"] else "  ", "green"),
        (f"{view['name']:<12}", "bold"),
        f"  {printable(view['url'])}  ",
        (printable(view["token"] or "no token"), "dim"),
    )
