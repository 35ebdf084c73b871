"""The address of a receiver, as people type it."""

from urllib.parse import urlsplit

import click


class TargetParam(click.ParamType[str]):
    """An address; `3000/hook` and `localhost:3000/hook` are enough."""

    name = "URL"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it.

        Raises:
            click.BadParameter: It is none.
        """
        text = value if "://" in value else f"http://{value}"
        if value.partition("/")[0].isdigit():
            text = f"http://localhost:{value}"
        try:
            parts = urlsplit(text)
            fine = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            fine = False
        if not fine or not text.isprintable() or " " in text:
            told = "expected an address such as http://localhost:3000/hook"
            self.fail(f"{told}, got {value[:80]!r}", param, ctx)
        return text
