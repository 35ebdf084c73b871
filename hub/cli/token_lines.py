"""What people read of credentials."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.text import Text

_STATES = {"active": "green", "expired": "yellow", "revoked": "red"}


def key_line(key: Mapping[str, Any], *, id_width: int = 0, name_width: int = 0) -> Text:
    """Return one key in a line."""
    name = printable(key["name"])
    pad = " " * max(0, name_width - cell_len(name))
    line = Text.assemble(
        (f"{key['id']:<{id_width}}", "bold"),
        f"  {name}{pad}  ",
        (f"{key['state']:<7}", _STATES[key["state"]]),
        f"  {', '.join(key['roles']) or 'no role'}",
    )
    if key["channels"] is not None:
        line.append(f"  on {', '.join(key['channels'])}")
    for word, field in (("expires", "expires_at"), ("last used", "last_used_at")):
        if key[field]:
            line.append(f"  {word} {key[field][:16]}Z", "dim")
    return line


def key_lines(keys: Sequence[Mapping[str, Any]]) -> Text:
    """Return a list of keys."""
    if not keys:
        return Text("no keys: `hub token create NAME --role admin` makes the first")
    ids = max(len(key["id"]) for key in keys)
    names = max(cell_len(printable(key["name"])) for key in keys)
    lines = [key_line(key, id_width=ids, name_width=names) for key in keys]
    return Text("\n").join(lines)


def verdict_lines(said: Mapping[str, Any]) -> Text:
    """Return what a token is, and whether it is let in."""
    lines = [Text(str(said["kind"]), "bold")]
    width = max((len(name) for name in said["facts"]), default=0)
    lines += [
        Text.assemble((f"  {name:<{width}}  ", "dim"), printable(_shown(value)))
        for name, value in said["facts"].items()
    ]
    if said["refused"]:
        lines += [Text.assemble(("✗ ", "bold red"), printable(why)) for why in said["refused"]]
    else:
        lines.append(Text.assemble(("✓ ", "green"), f"{said['judge']} lets it in"))
    return Text("\n").join(lines)


def printable(text: str) -> str:
    """Return a text that is safe to show on a terminal (CWE-150): its claims are anybody's."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return msgspec.json.encode(value).decode()
