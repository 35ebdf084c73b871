"""Revocations: what was revoked anywhere holds here within two seconds, whatever the broker does.

Every node looks into the database twice a second, always: a revocation must not depend on news
that can be lost. The node that is told of one looks at once.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence

from hub.auth.revocation import Revoked
from hub.clock import SECOND_US, Clock
from hub.errors import FieldError, InvalidFields, RevocationNotFound
from hub.model.api_key import Revocation
from hub.model.contract import shown
from hub.services.token_forms import read_future
from hub.stores.credentials import PAGE, Credentials
from hub.telemetry.logging import logger

LOOK_EVERY_S = 0.5
# Whoever was let in a moment before, and is not among the connections yet, is met by the second or
# third word.
WORDS = 4
# What is over is kept a while for nodes that could not look meanwhile.
KEPT_US = 24 * 3600 * SECOND_US

_FORM = re.compile(r"(?:jwt|sub):[^\x00-\x1f\x7f]{1,256}")


class Revocations:
    """Looks for what was revoked, and tells those who let it in.

    Args:
        credentials: Where it stands.
        revoked: Holds what is refused now.
        clock: The wall time.

    Attributes:
        on_revoked: Called with each credential from whose revocation on it must not be used:
            `key:…`, `jwt:…`, or `sub:<name>` (`model.api_key.concerns` says whose it is). At once,
            and with every look of the next two seconds.
        on_expired: The same for what ended in good order: the old secret of a rotated key.
    """

    def __init__(self, credentials: Credentials, revoked: Revoked, clock: Clock) -> None:
        self.on_revoked: list[Callable[[str], None]] = []
        self.on_expired: list[Callable[[str], None]] = []
        self._credentials = credentials
        self._revoked = revoked
        self._clock = clock
        self._lines = logger("revocations")
        self._seen = 0
        self._words: dict[Revocation, int] = {}
        self._failing = False

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            try:
                await self.look()
                self.repeat()
                self._failing = False
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: the database that is away now comes back.
                if not self._failing:
                    self._lines.exception("revocations cannot be read; those that are known hold")
                self._failing = True
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Take what was said since the last look."""
        more = True
        while more:
            said = await self._credentials.revocations(self._seen)
            self._begin(self._revoked.learn(said))
            # Also lower: the database may have gone back.
            self._seen = said[-1].seq if said else self._seen
            more = len(said) == PAGE
        self._begin(self._revoked.begin())

    def repeat(self) -> None:
        """Tell again of what began a moment ago."""
        recent = [*self._words]
        self._words = {one: left - 1 for one, left in self._words.items() if left > 1}
        self._tell(recent)

    async def revoke(self, credential: str, until: str) -> Revocation:
        """Refuse `jwt:<jti>` or `sub:<name>` until a time; on return this node does.

        Args:
            credential: What to refuse.
            until: ISO 8601, to come.

        Raises:
            InvalidFields: It names neither, or the time is none or over.
        """
        now_us = self._clock.now_us()
        if not _FORM.fullmatch(credential):
            expected = "jwt:<jti> or sub:<name> (a key is revoked under /api/tokens)"
            raise InvalidFields([FieldError("$.credential", expected, shown(credential))])
        revocation = Revocation(credential, now_us, 0, read_future("$.until", until, now_us))
        await self._credentials.revoke(revocation)
        await self.look()
        return revocation

    async def lift(self, credential: str) -> None:
        """Refuse it no longer.

        Raises:
            RevocationNotFound: It is not refused, or is a key's, which stays so.
        """
        if not any(one.credential == credential for one in await self.all()):
            raise RevocationNotFound(
                f"expected a revocation, got {credential[:80]!r}: there is none"
            )
        await self._credentials.revoke(Revocation(credential, self._clock.now_us(), 0, 0))
        await self.look()

    async def all(self) -> Sequence[Revocation]:
        """Return those of `jwt:` and `sub:` that hold, the oldest first."""
        now_us = self._clock.now_us()
        found: list[Revocation] = []
        page: Sequence[Revocation] = await self._credentials.revocations(0)
        while page:
            found += page
            page = await self._credentials.revocations(page[-1].seq) if len(page) == PAGE else ()
        return [one for one in found if _FORM.fullmatch(one.credential) and one.until_us > now_us]

    async def prune(self) -> None:
        """Forget what has been over for a day."""
        await self._credentials.forget_revocations(self._clock.now_us() - KEPT_US)

    def _begin(self, begun: Sequence[Revocation]) -> None:
        self._words.update(dict.fromkeys(begun, WORDS))
        self._tell(begun)

    def _tell(self, begun: Iterable[Revocation]) -> None:
        for one in begun:
            for told in self.on_expired if one.is_expiry else self.on_revoked:
                try:
                    told(one.credential)
                except Exception:  # noqa: BLE001 logged; the others must hear of it all the same
                    self._lines.exception("a revocation failed", credential=one.credential)
