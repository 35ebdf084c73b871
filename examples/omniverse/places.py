"""Where a contract stands in the scene, and in which colour. Metres; x is east, y is north."""

import zlib

Point = tuple[float, float, float]
Colour = tuple[float, float, float]

COLOURS: dict[str, Colour] = {"active": (0.0, 0.34, 0.17), "inactive": (0.66, 0.12, 0.0)}
"""Linear RGB, as USD wants it: bluish green and vermilion, which colour-blind people tell apart."""
UNKNOWN: Colour = (0.6, 0.4, 0.0)
"""For statuses that a later hub may add."""

CITIES: dict[str, Point] = {
    "Chennai": (235.0, -515.0, 0.0),
    "Mumbai": (-435.0, 40.0, 0.0),
    "Bengaluru": (45.0, -520.0, 0.0),
    "Hyderabad": (80.0, -90.0, 0.0),
}
"""Where they lie on a map of India, around its middle: a kilometre of the map is a metre here,
but for Bengaluru and Chennai, which lie at one height."""
WIDTH = 32
"""Contracts in a row; the next row stands behind it."""
PACE = 4.0
"""From one contract to the next; a cube is 2 wide."""


def colour(status: str) -> Colour:
    """Return the colour of a status."""
    return COLOURS.get(status, UNKNOWN)


def centre(location: str) -> Point:
    """Return where a city's contracts begin; a city that is not on the map lies in the sea."""
    if location in CITIES:
        return CITIES[location]
    number = zlib.crc32(location.encode())
    return (-2_000.0 + 200.0 * (number % 8), -1_500.0 + 200.0 * (number // 8 % 8), 0.0)


def corner(slot: int) -> Point:
    """Return where the contract of a slot stands in its city."""
    row, column = divmod(slot, WIDTH)
    return (PACE * column, PACE * row, 1.0)
