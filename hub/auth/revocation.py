"""Revocation: what is refused although its form, its signature and its time are right.

All of it is held in memory: what nobody could show any more anyway is left out.
"""

from collections.abc import Iterable, Sequence

from hub.clock import Clock
from hub.errors import TokenRevoked
from hub.model.api_key import Revocation, subject_of
from hub.model.principal import Principal


class Revoked:
    """The credentials that are refused now, and those that will be.

    Args:
        clock: Tells which.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, int] = {}
        self._later: dict[str, Revocation] = {}

    def learn(self, said: Iterable[Revocation]) -> Sequence[Revocation]:
        """Take what was said, in its order; return what holds from now on."""
        now_us = self._clock.now_us()
        begun = []
        for one in said:
            self._later.pop(one.credential, None)
            if one.is_lifted:
                self._until.pop(one.credential, None)
            elif one.from_us > now_us:
                self._later[one.credential] = one
            else:
                self._until[one.credential] = one.until_us
                begun.append(one)
        return begun

    def begin(self) -> Sequence[Revocation]:
        """Return those whose time has come since; forget those whose time is over."""
        now_us = self._clock.now_us()
        begun = [one for one in self._later.values() if one.from_us <= now_us]
        for one in begun:
            del self._later[one.credential]
            self._until[one.credential] = one.until_us
        for credential in [name for name, until in self._until.items() if until <= now_us]:
            del self._until[credential]
        return begun

    def check(self, principal: Principal) -> None:
        """Refuse a principal whose credential, or whose name, is revoked.

        Raises:
            TokenRevoked: It is.
        """
        if not self._until:
            return
        now_us = self._clock.now_us()
        for credential in (principal.credential, subject_of(principal.name)):
            if self._until.get(credential, 0) > now_us:
                raise TokenRevoked("expected a token that is in use, got one that was revoked")
