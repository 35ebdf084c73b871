"""Who asks. Every record and every event carries its `owner`: a principal's name."""

from typing import NamedTuple


class Principal(NamedTuple):
    """A caller that was let in.

    Attributes:
        name: Unique; owns what it creates.
    """

    name: str


# In open mode (AUTH=off) everybody on this machine is the same principal.
ANONYMOUS = Principal("anonymous")
