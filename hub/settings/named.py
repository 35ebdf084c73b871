"""What stands at every field: its name in the environment, and its meaning."""

import msgspec


def named(name: str, text: str) -> msgspec.Meta:
    """Return the `Meta` of a field; it stands last in the annotation."""
    return msgspec.Meta(description=text, extra={"env": name})
