"""A violation: somebody observed what the hub promises never happens."""


class Violation(AssertionError):
    """A promise was broken; the text says by whom, what was expected and what came."""


def demand(holds: bool, said: str) -> None:  # noqa: FBT001 it is the whole of the question
    """Raise a Violation unless it holds."""
    if not holds:
        raise Violation(said)
