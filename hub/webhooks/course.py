"""The course of a connection: where it went, and how long that took."""


class Course:
    """How far dialling has come; times are microseconds.

    Attributes:
        address: That is or was dialled; empty: none was, or none that an owner is to know of.
    """

    __slots__ = ("address", "connect_us", "dns_us")

    def __init__(self) -> None:
        self.address = ""
        self.dns_us: int | None = None
        self.connect_us: int | None = None
