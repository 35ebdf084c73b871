"""Where the hub is that a command speaks to, and who the command is."""

import os

import click

from hub_client.address import Address


def hub_address(url: str | None, token: str | None = None) -> Address:
    """Return the hub's address with a token: HUB_TOKEN, where none is given.

    Raises:
        click.UsageError: The address is none, or no header can carry the token.
    """
    try:
        address = Address(url, token, os.environ)
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from error
    try:
        address.headers()
    except ValueError as error:
        raise click.UsageError(f"HUB_TOKEN: {error}") from error
    return address
