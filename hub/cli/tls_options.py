"""The options of a certificate; each is also a setting, HUB_SSL_… .

There is none for the password of a key: everybody on the machine could read it in the list of
processes.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    ("--ssl-certfile", "FILE", "Certificate as PEM, with those between it and its root: https."),
    ("--ssl-keyfile", "FILE", "Its private key as PEM, where it is not in the same file."),
    ("--ssl-ca-certs", "FILE", "Clients must show a certificate of one of these roots."),
    ("--ssl-ciphers", "NAMES", "Ciphers of TLS 1.2, as OpenSSL names them."),
)


def tls_options(command: F) -> F:
    """Add them to a command."""
    for name, kind, text in reversed(_OPTIONS):
        env = f"HUB_{name.removeprefix('--').replace('-', '_').upper()}"
        option = click.option(name, metavar=kind, help=f"{text} Else {env}.")
        command = option(command)
    return command
