"""What is revoked anywhere is refused here; a node asks, so no news can be lost."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub.auth.revocation import Revoked
from hub.errors import InvalidFields, LogUnavailable, RevocationNotFound, Unauthenticated
from hub.model.principal import Principal
from hub.model.timestamp import to_rfc3339
from hub.services.credential_upkeep import CredentialUpkeep
from hub.services.revocations import KEPT_US, WORDS, Revocations
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock

ANNA = Principal("anna", credential="jwt:7")


class Node:
    """What one node believes."""

    def __init__(self, log: SqliteLog, clock: FakeClock) -> None:
        self.revoked = Revoked(clock)
        self.told: list[str] = []
        self.revocations = Revocations(log.credentials, self.revoked, clock)
        self.revocations.on_revoked.append(self.told.append)

    def refuses(self, principal: Principal = ANNA) -> bool:
        """Say whether it refuses somebody."""
        try:
            self.revoked.check(principal)
        except Unauthenticated:
            return True
        return False


@pytest.fixture
def clock() -> FakeClock:
    """A clock that a test turns."""
    return FakeClock()


@pytest.fixture
async def log(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLog]:
    """An empty store."""
    opened = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
def until(clock: FakeClock) -> Callable[[int], str]:
    """Return the time in some seconds."""
    return lambda seconds: to_rfc3339(clock.now + seconds * 1_000_000)


Until = Callable[[int], str]


@pytest.mark.parametrize("credential", ["jwt:7", "sub:anna"])
async def test_it_holds_here_at_once_and_elsewhere_at_the_next_look(
    log: SqliteLog, clock: FakeClock, until: Until, credential: str
) -> None:
    """Every node tells its own, once."""
    here, there = Node(log, clock), Node(log, clock)

    await here.revocations.revoke(credential, until(60))

    assert (here.refuses(), there.refuses()) == (True, False)
    await there.revocations.look()
    await there.revocations.look()
    assert there.refuses()
    assert here.told == there.told == [credential]


async def test_a_node_that_starts_knows_what_holds(
    log: SqliteLog, clock: FakeClock, until: Until
) -> None:
    """A JWT that was revoked yesterday does not come in because the hub was restarted."""
    await Node(log, clock).revocations.revoke("jwt:7", until(60))

    started = Node(log, clock)
    await started.revocations.look()

    assert started.refuses()


async def test_a_lifted_one_lets_in_again(log: SqliteLog, clock: FakeClock, until: Until) -> None:
    """On every node; a mistake does not lock somebody out for a month."""
    here, there = Node(log, clock), Node(log, clock)
    await here.revocations.revoke("sub:anna", until(60))
    await there.revocations.look()

    await here.revocations.lift("sub:anna")
    await there.revocations.look()

    assert not here.refuses()
    assert not there.refuses()
    assert await here.revocations.all() == []
    with pytest.raises(RevocationNotFound):
        await here.revocations.lift("sub:anna")


@pytest.mark.parametrize(
    "credential", ["", "key:k1", "anna", "jwt:", "sub:", "sub:a\nb", "SUB:anna", "sub:" + "x" * 257]
)
async def test_only_tokens_and_names_are_revoked_here(
    log: SqliteLog, clock: FakeClock, until: Until, credential: str
) -> None:
    """Keys have a place of their own, where they stay revoked."""
    with pytest.raises(InvalidFields, match="credential"):
        await Node(log, clock).revocations.revoke(credential, until(60))


@pytest.mark.parametrize("seconds", [0, -1, 10**10])
async def test_it_ends_in_time_to_come(
    log: SqliteLog, clock: FakeClock, until: Until, seconds: int
) -> None:
    """One that is over would do nothing and look as if it did."""
    with pytest.raises(InvalidFields, match="until"):
        await Node(log, clock).revocations.revoke("jwt:7", until(seconds))


async def test_what_is_over_is_not_listed_and_forgotten_in_the_end(
    log: SqliteLog, clock: FakeClock, until: Until
) -> None:
    """It is kept a day for nodes that could not look."""
    node = Node(log, clock)
    await node.revocations.revoke("jwt:7", until(60))
    clock.advance(61)
    await node.revocations.prune()
    kept = await log.credentials.revocations(0)

    clock.now += KEPT_US
    await node.revocations.prune()

    assert (await node.revocations.all(), len(kept)) == ([], 1)
    assert list(await log.credentials.revocations(0)) == []
    await node.revocations.look()
    assert node.told == ["jwt:7"]


async def test_who_was_on_the_way_in_is_met_by_a_later_word(
    log: SqliteLog, clock: FakeClock, until: Until
) -> None:
    """It was let in before the first word, and joined the connections after it."""
    node = Node(log, clock)
    await node.revocations.revoke("jwt:7", until(60))

    words = []
    for _ in range(WORDS + 2):
        node.told.clear()
        node.revocations.repeat()
        words.append(len(node.told))

    assert words == [1] * WORDS + [0, 0]


async def test_one_that_fails_to_hear_does_not_keep_the_others_from_it(
    log: SqliteLog, clock: FakeClock, until: Until
) -> None:
    """A socket that cannot be closed must not leave the others open."""
    node = Node(log, clock)

    def fail(_credential: str) -> None:
        raise LogUnavailable("broken by the test")

    node.revocations.on_revoked.insert(0, fail)

    await node.revocations.revoke("jwt:7", until(60))

    assert node.told == ["jwt:7"]


async def test_the_use_of_a_key_is_noted_once_a_minute(clock: FakeClock) -> None:
    """However often it is shown, and by whichever of its secrets; other credentials are not."""
    seen = {"key:k1", "key:k1.2", "key:k2", "static", "jwt:7"}
    noted: list[dict[str, int]] = []

    class Noting:
        """Notes what is noted."""

        async def note_used(self, used: dict[str, int]) -> None:
            noted.append(dict(used))

    upkeep = CredentialUpkeep(Noting(), seen, (), clock)  # type: ignore[arg-type]
    first_us = clock.now
    await upkeep.round()
    clock.advance(59)
    seen.add("key:k1.2")
    await upkeep.round()
    clock.advance(1)
    seen.add("key:k1.2")

    await upkeep.round()

    assert noted == [{"k1": first_us, "k2": first_us}, {"k1": clock.now}]
    assert seen == set()


async def test_what_is_over_is_pruned_once_a_minute(log: SqliteLog, clock: FakeClock) -> None:
    """Each of what prunes itself."""
    pruned: list[int] = []

    async def prune() -> None:
        pruned.append(clock.now)

    upkeep = CredentialUpkeep(log.credentials, set(), (prune, prune), clock)
    await upkeep.round()
    clock.advance(59)
    await upkeep.round()

    clock.advance(1)
    await upkeep.round()

    assert pruned == [clock.now - 60_000_000] * 2 + [clock.now] * 2
