"""What every store of credentials promises (`hub.stores.credentials`), run on each adapter."""

import asyncio

import pytest

from hub.errors import Conflict
from hub.model.api_key import ApiKey, Revocation
from hub.model.principal import Principal
from hub.stores.base import Store
from hub.stores.credentials import PAGE, KeyChange, Ticket

ANNA = Principal(
    "anna", ("user",), frozenset({"events:read"}), ("orders.*", "jobs"), 2**52, "key:k1"
)


def key(key_id: str, created_at_us: int = 1, **fields: object) -> ApiKey:
    """Return a key."""
    made = ApiKey(key_id, "billing", b"h" * 32, ("service",), None, None, created_at_us, "root")
    return made._replace(**fields)  # type: ignore[arg-type]


def revocation(credential: str, at_us: int = 10, until_us: int = 100) -> Revocation:
    """Return a revocation that begins at once."""
    return Revocation(credential, at_us, 0, until_us)


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(key("k1"), id="without what may be missing"),
        pytest.param(
            key(
                "k2",
                name="Zoë",
                hash=b"\0" * 32,
                roles=("user", "viewer"),
                scopes=("jobs:read",),
                channels=("orders.*",),
                expires_us=2**52 + 1,
                revoked_at_us=5,
                last_used_us=6,
                generation=7,
                old_hash=b"\xff" * 32,
                old_until_us=2**52,
            ),
            id="with everything",
        ),
        pytest.param(key("k3", roles=(), scopes=(), channels=()), id="with empty lists"),
    ],
)
async def test_a_key_is_returned_as_it_was_added(log: Store, kept: ApiKey) -> None:
    """Every field, also what says nothing: no channels are not any channels."""
    await log.credentials.add_key(kept)

    assert await log.credentials.key(kept.id) == kept
    assert await log.credentials.key("another") is None


async def test_keys_are_listed_newest_first_page_by_page(log: Store) -> None:
    """Those of one moment by id, so that none is left out between two pages."""
    for key_id, at_us in (("a", 1), ("b", 2), ("c", 2), ("d", 3)):
        await log.credentials.add_key(key(key_id, at_us))

    first = await log.credentials.keys(2, None)
    last = first[-1]
    second = await log.credentials.keys(9, (last.created_at_us, last.id))

    assert [one.id for one in first] == ["d", "c"]
    assert [one.id for one in second] == ["b", "a"]


async def test_a_key_and_its_revocations_change_together(log: Store) -> None:
    """The decision sees the key as it is, and all of it is kept but the last use."""
    await log.credentials.add_key(key("k1", last_used_us=4))
    changed = key("k1", name="other", hash=b"n" * 32, generation=2, old_hash=b"h" * 32,
                  old_until_us=9, expires_us=8, revoked_at_us=7, last_used_us=99)  # fmt: skip

    answer = await log.credentials.change_key(
        "k1", lambda _key: KeyChange(changed, [revocation("key:k1")])
    )

    assert answer == changed
    assert await log.credentials.key("k1") == changed._replace(last_used_us=4)
    assert [r.credential for r in await log.credentials.revocations(0)] == ["key:k1"]


async def test_a_refused_change_leaves_nothing(log: Store) -> None:
    """What the decision raises reaches its caller."""
    await log.credentials.add_key(key("k1"))

    def refuse(_key: ApiKey) -> KeyChange:
        raise Conflict("refused by the test")

    with pytest.raises(Conflict):
        await log.credentials.change_key("k1", refuse)

    assert await log.credentials.key("k1") == key("k1")
    assert await log.credentials.change_key("nobody", refuse) is None


async def test_changes_of_one_key_come_one_after_the_other(log: Store) -> None:
    """No change is lost, however many are made at once."""
    await log.credentials.add_key(key("k1"))

    def count(one: ApiKey) -> KeyChange:
        return KeyChange(one._replace(generation=one.generation + 1))

    await asyncio.gather(*(log.credentials.change_key("k1", count) for _ in range(8)))

    kept = await log.credentials.key("k1")
    assert kept is not None
    assert kept.generation == 9


async def test_revocations_are_read_in_their_order_once(log: Store) -> None:
    """A reader goes on from the last that it has seen."""
    for name in ("jwt:a", "sub:b"):
        await log.credentials.revoke(revocation(name))
    first = await log.credentials.revocations(0)
    await log.credentials.revoke(revocation("jwt:c"))

    second = await log.credentials.revocations(first[-1].seq)
    third = await log.credentials.revocations(second[-1].seq)

    assert [one.credential for one in first] == ["jwt:a", "sub:b"]
    assert [one.credential for one in second] == ["jwt:c"]
    assert list(third) == []


async def test_a_later_revocation_takes_the_place_of_an_earlier(log: Store) -> None:
    """One row a credential, and it is news again."""
    await log.credentials.revoke(revocation("sub:anna", until_us=100))
    seen = (await log.credentials.revocations(0))[-1].seq

    await log.credentials.revoke(revocation("sub:anna", until_us=0))

    (news,) = await log.credentials.revocations(seen)
    assert (news.credential, news.is_lifted) == ("sub:anna", True)
    assert list(await log.credentials.revocations(0)) == [news]


async def test_no_revocation_is_missed_while_many_are_written(log: Store) -> None:
    """What is committed later has a higher number: a reader that goes on never passes one over."""
    seen: list[str] = []
    after = 0
    writes = [
        asyncio.create_task(log.credentials.revoke(revocation(f"jwt:{n}"))) for n in range(40)
    ]

    while not all(write.done() for write in writes):
        for one in await log.credentials.revocations(after):
            seen.append(one.credential)
            after = one.seq
    seen += [one.credential for one in await log.credentials.revocations(after)]

    assert sorted(seen) == sorted(f"jwt:{n}" for n in range(40))


async def test_a_reader_ahead_of_the_store_is_given_everything(log: Store) -> None:
    """After a failover that lost the last ones their numbers are given again, to others."""
    await log.credentials.revoke(revocation("jwt:a"))
    (kept,) = await log.credentials.revocations(0)

    assert list(await log.credentials.revocations(kept.seq + 5)) == [kept]


async def test_many_revocations_come_in_pages(log: Store) -> None:
    """A node that starts holds no more than a page of them as rows."""
    await log.credentials.add_key(key("k1"))
    many = [revocation(f"jwt:{n}") for n in range(PAGE + 1)]
    await log.credentials.change_key("k1", lambda one: KeyChange(one, many))

    first = await log.credentials.revocations(0)
    second = await log.credentials.revocations(first[-1].seq)

    assert (len(first), len(second)) == (PAGE, 1)


async def test_what_is_over_is_forgotten(log: Store) -> None:
    """By its end, by its beginning where that is still to come, and by when it was lifted."""
    await log.credentials.revoke(Revocation("jwt:over", 10, 0, 20))
    await log.credentials.revoke(Revocation("jwt:lifted", 10, 0, 0))
    await log.credentials.revoke(Revocation("jwt:lasts", 10, 0, 90))
    await log.credentials.revoke(Revocation("key:later", 10, 80, 81))

    forgotten = await log.credentials.forget_revocations(21)

    left = [one.credential for one in await log.credentials.revocations(0)]
    assert (forgotten, left) == (2, ["jwt:lasts", "key:later"])


async def test_the_last_use_never_goes_back(log: Store) -> None:
    """Nodes note it in any order, also for a key that is gone."""
    for key_id in ("k1", "k2"):
        await log.credentials.add_key(key(key_id))

    await log.credentials.note_used({"k1": 50, "k2": 60, "gone": 70})
    await log.credentials.note_used({"k1": 40, "k2": 80})

    used = [one.last_used_us for one in await log.credentials.keys(9, None)]
    assert sorted(filter(None, used)) == [50, 80]


async def test_a_ticket_is_taken_whole_and_once(log: Store) -> None:
    """The principal is the one that it was given to, in every field."""
    ticket = Ticket(ANNA, "https://a.example", 2**52)
    await log.tickets.add(b"t" * 32, ticket)

    assert await log.tickets.take(b"x" * 32) is None
    assert await log.tickets.take(b"t" * 32) == ticket
    assert await log.tickets.take(b"t" * 32) is None


async def test_of_many_who_ask_one_gets_the_ticket(log: Store) -> None:
    """Taking is one step, so no ticket opens two sockets."""
    await log.tickets.add(b"t" * 32, Ticket(ANNA, None, 5))

    taken = await asyncio.gather(*(log.tickets.take(b"t" * 32) for _ in range(10)))

    assert [one for one in taken if one is not None] == [Ticket(ANNA, None, 5)]


async def test_old_tickets_are_forgotten(log: Store) -> None:
    """Those that nobody took, and no others."""
    await log.tickets.add(b"o" * 32, Ticket(ANNA, None, 9))
    await log.tickets.add(b"n" * 32, Ticket(ANNA, None, 10))

    assert await log.tickets.forget(10) == 1

    assert await log.tickets.take(b"n" * 32) is not None
