"""A finding of `hub check`."""

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "failed"]


class Finding(NamedTuple):
    """The answer to one question.

    Attributes:
        found: What is so.
        remedy: What to do about it; empty when it is well.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
