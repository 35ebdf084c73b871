"""The settings of a command: the environment, and options that win over it."""

import os

from hub.cli.output import Output
from hub.settings import Settings, load


def load_settings(output: Output, **options: object) -> Settings:
    """Read the settings; tell what is odd about them on stderr.

    Args:
        output: Where warnings go.
        options: By the setting's name in the environment; None is not given.

    Raises:
        Misconfigured: A value is wrong, or the combination is not safe.
    """
    settings, warnings = load({**os.environ, **given(**options)})
    for warning in warnings:
        output.warn(warning)
    return settings


def given(**options: object) -> dict[str, str]:
    """Return the options that were given, as the environment would say them."""
    return {name: str(value) for name, value in options.items() if value is not None}
