"""One line of the table: what was measured, its floor, and whether it holds."""

from typing import NamedTuple


class Row(NamedTuple):
    """One figure; `holds` None when it could not be measured here."""

    what: str
    measured: str
    floor: str
    holds: bool | None


def at_most(what: str, value: float, most: float, unit: str = "") -> Row:
    """Return a figure that must not be larger."""
    return Row(what, f"{value:.2f}{unit}", f"{most:.2f}{unit}", value <= most)


def at_least(what: str, value: float, least: float, unit: str = "") -> Row:
    """Return a figure that must not be smaller."""
    return Row(what, f"{value:.2f}{unit}", f"{least:.2f}{unit}", value >= least)


def skipped(what: str, floor: str, why: str) -> Row:
    """Return a figure that could not be measured, and why."""
    return Row(what, f"skipped: {why}", floor, None)
