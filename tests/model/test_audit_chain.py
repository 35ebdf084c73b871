"""The chain of the audit log: whatever is done to it behind the hub's back is found."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.model.audit import Record, Seal, closed, forgetting, placed
from hub.model.audit_chain import MAX_FAULTS, Chain, verify
from support.notes import KEY, a_note

OTHER_KEY = b"o" * 32


def chained(
    sizes: Sequence[int], pending: int = 0, keys: Sequence[bytes | None] = (KEY,)
) -> tuple[list[Record], list[Seal]]:
    """Return batches of such sizes, sealed with the keys in turn, and records after them."""
    records: list[Record] = []
    seals: list[Seal] = []
    for number, size in enumerate([*sizes, pending]):
        seq = len(records)
        batch = [placed(a_note(f"t{seq + n}"), seq + n, seq + n) for n in range(1, size + 1)]
        records += batch
        if number < len(sizes):
            key = keys[number % len(keys)]
            previous = seals[-1] if seals else None
            seals.append(closed(previous, batch, at_us=seq, node="n", key=key))
    return records, seals


def faults(
    records: Sequence[Record], seals: Sequence[Seal], last_seq: int, **more: Any
) -> list[int]:
    """Return the first record of each fault."""
    more = {"keys": [KEY], **more}
    return [fault.seq for fault in verify(records, seals, last_seq=last_seq, **more)]


logs = st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(0, 3))
other = st.integers(-3, 99) | st.text(max_size=3)


@given(logs)
def test_a_log_that_nobody_touched_is_whole(log: tuple[list[int], int]) -> None:
    """Whatever was sealed when; its newest hash, as it was logged, is in it."""
    records, seals = chained(*log)

    assert faults(records, seals, len(records), head=seals[-1].hash.upper() + "\n") == []
    assert faults(records, seals, len(records), keys=[]) == []
    assert faults(records, seals, len(records), keys=[OTHER_KEY, KEY]) == []


@given(logs, st.data())
def test_any_change_of_a_sealed_record_is_found(log: tuple[list[int], int], data: Any) -> None:
    """Each field counts; the fault names a record of the batch."""
    records, seals = chained(*log)
    seal = data.draw(st.sampled_from(seals))
    place = data.draw(st.integers(seal.first_seq - 1, seal.last_seq - 1))
    field = data.draw(st.sampled_from(Record._fields))
    value = data.draw(other.filter(lambda value: value != getattr(records[place], field)))
    last = len(records)
    records[place] = records[place]._replace(**{field: value})
    if field == "seq" and isinstance(value, str):
        return

    assert min(faults(records, seals, last)) <= seal.last_seq


@given(logs, st.data())
def test_any_change_of_a_seal_is_found(log: tuple[list[int], int], data: Any) -> None:
    """Each field counts, its signature too."""
    records, seals = chained(*log)
    place = data.draw(st.integers(0, len(seals) - 1))
    field = data.draw(st.sampled_from(Seal._fields))
    is_number = isinstance(getattr(seals[place], field), int)
    values = st.integers(-3, 99) if is_number else st.text(max_size=70)
    value = data.draw(values.filter(lambda value: value != getattr(seals[place], field)))
    seals[place] = seals[place]._replace(**{field: value})

    assert faults(records, seals, len(records))


@given(logs, st.data())
def test_a_record_that_is_gone_is_named(log: tuple[list[int], int], data: Any) -> None:
    """Sealed or not, also the last one."""
    records, seals = chained(*log)
    last, gone = len(records), data.draw(st.integers(1, len(records)))
    del records[gone - 1]

    assert faults(records, seals, last)[0] == gone


@given(logs, st.data())
def test_a_record_that_was_put_in_is_found(log: tuple[list[int], int], data: Any) -> None:
    """Under whatever number, wherever its number makes it stand."""
    records, seals = chained(*log)
    last = len(records)
    stray = placed(a_note("stray"), data.draw(st.integers(-2, last + 3)), 1)
    records = sorted([*records, stray], key=lambda record: record.seq)

    assert faults(records, seals, last)


@given(logs, st.data())
def test_records_that_changed_places_are_found(log: tuple[list[int], int], data: Any) -> None:
    """Each with the number of the other."""
    records, seals = chained(*log)
    sealed = seals[-1].last_seq
    one, two = (data.draw(st.integers(1, len(records))) for _ in range(2))
    if one == two or min(one, two) > sealed:
        return
    a, b = records[one - 1], records[two - 1]
    records[one - 1], records[two - 1] = b._replace(seq=one), a._replace(seq=two)

    assert faults(records, seals, len(records))


@given(logs, st.data())
def test_a_seal_that_is_gone_is_found(log: tuple[list[int], int], data: Any) -> None:
    """But for the last ones, of which the head that was logged outside tells."""
    records, seals = chained(*log)
    head, gone = seals[-1].hash, data.draw(st.integers(0, len(seals) - 1))
    del seals[gone]

    assert faults(records, seals, len(records), head=head)


@given(logs, st.data())
def test_a_log_that_was_cut_is_known_by_its_head(log: tuple[list[int], int], data: Any) -> None:
    """Records, seals and counter put back as they once were are a whole log: a shorter one."""
    records, seals = chained(*log)
    left = data.draw(st.integers(0, len(seals) - 1))
    sealed = seals[left - 1].last_seq if left else 0

    assert faults(records[:sealed], seals[:left], sealed, head=seals[-1].hash) == [sealed + 1]


@given(logs, st.data())
def test_a_chain_that_was_made_anew_is_not_signed(log: tuple[list[int], int], data: Any) -> None:
    """Who can write the database but has no key can make a chain, and no signature."""
    records, seals = chained(*log)
    key = data.draw(st.sampled_from([None, OTHER_KEY]))
    records[0] = records[0]._replace(actor="eve")
    anew: list[Seal] = []
    for seal in seals:
        batch = records[seal.first_seq - 1 : seal.last_seq]
        previous = anew[-1] if anew else None
        anew.append(closed(previous, batch, at_us=seal.at_us, node=seal.node, key=key))

    assert faults(records, anew, len(records))
    assert faults(records, anew, len(records), keys=[], head=seals[-1].hash)


def test_seals_from_before_there_was_a_key_are_vouched_for_by_later_ones() -> None:
    """A signature holds for all before it, for the hash does."""
    records, seals = chained([2, 2, 2], keys=[None, None, KEY])

    chain = Chain([KEY])
    for seal in seals:
        chain.take(seal, records[seal.first_seq - 1 : seal.last_seq])
    chain.end(6)

    assert (chain.faults, chain.signed, chain.seals, chain.records) == ([], 1, 3, 6)
    assert faults(records[:4], seals[:2], 4) == [3]


def forgotten(
    through: int, said: int | None, key: bytes | None = KEY
) -> tuple[list[Record], list[Seal]]:
    """Return a log whose first records are gone; `said` is what a record owns up to."""
    records, seals = chained([2, 2], pending=1)
    if said is not None:
        records.append(placed(forgetting(a_note(), seals[0].hash, said, said, key), 6, 6))
    return records[through:], seals


def test_what_retention_has_forgotten_is_no_fault() -> None:
    """Seals are walked without their records."""
    records, seals = forgotten(2, said=2)

    assert faults(records, seals, 6, forgotten=2) == []
    assert faults(records, seals, 6, forgotten=0)[0] == 1


@pytest.mark.parametrize("said", [None, 1], ids=["silently", "more than it says"])
def test_who_only_moves_the_mark_is_found(said: int | None) -> None:
    """Removing records as if by retention leaves no record that says so."""
    records, seals = forgotten(2, said)
    last = records[-1].seq

    assert faults(records, seals, last, forgotten=2) == [1 if said is None else 2]


@pytest.mark.parametrize("key", [None, OTHER_KEY], ids=["nobody", "somebody else"])
def test_who_says_himself_that_the_hub_has_forgotten_is_found(key: bytes | None) -> None:
    """Sealed by the hub or not yet: whoever owns the database can move the mark and write it."""
    records, seals = forgotten(2, said=2, key=key)
    sealed = [*seals, closed(seals[-1], records[-2:], at_us=9, node="n", key=KEY)]

    assert faults(records, seals, 6, forgotten=2) == [6]
    assert faults(records, sealed, 6, forgotten=2) == [6]
    assert faults(records, seals, 6, forgotten=2, keys=[]) == []


def test_a_signature_of_another_end_is_none() -> None:
    """One that the hub has made for the records before does not do for those behind."""
    records, seals = forgotten(4, said=2)
    details = records[-1].details.replace('"through":2', '"through":4')
    records[-1] = records[-1]._replace(details=details)

    assert faults(records, seals, 6, forgotten=4) == [6]


def test_what_was_forgotten_before_there_was_a_key_is_no_fault() -> None:
    """Nobody could sign it; the first signed seal vouches for the record that says so."""
    records, seals = chained([2, 2], keys=[None])
    records.append(placed(forgetting(a_note(), seals[0].hash, 2, 2, None), 5, 5))
    seals.append(closed(seals[-1], records[-1:], at_us=5, node="n", key=None))
    records.append(placed(a_note(), 6, 6))
    seals.append(closed(seals[-1], records[-1:], at_us=6, node="n", key=KEY))

    assert faults(records[2:], seals, 6, forgotten=2) == []


def test_a_record_that_was_forgotten_is_not_there() -> None:
    """The mark was moved, and the record left: nobody would look at it any more."""
    records, seals = forgotten(0, said=2)

    assert faults(records, seals, 6, forgotten=2) == [1]


def test_a_seal_without_records_cannot_be_changed_either() -> None:
    """Its hash holds without them."""
    records, seals = forgotten(2, said=2)
    seals[0] = seals[0]._replace(digest="0" * 64)

    assert faults(records, seals, 6, forgotten=2) == [1]


def test_faults_have_an_end() -> None:
    """A log that is nothing but faults is told in a page."""
    records, seals = chained([1] * (MAX_FAULTS + 5))

    assert len(faults([], seals, len(records))) == MAX_FAULTS


@given(logs, st.data())
def test_what_is_no_seal_is_a_fault_and_no_crash(log: tuple[list[int], int], data: Any) -> None:
    """SQLite keeps text where numbers should be, for whoever puts it there."""
    records, seals = chained(*log)
    place = data.draw(st.integers(0, len(seals) - 1))
    field = data.draw(st.sampled_from(Seal._fields))
    value = data.draw(st.sampled_from([None, 1.5, b"x", "x", 3]))
    if value == getattr(seals[place], field):
        return
    seals[place] = seals[place]._replace(**{field: value})
    records[0] = records[0]._replace(action="audit.forget", details=b"\xff")  # type: ignore[arg-type]

    assert faults(records, seals, len(records))


def test_a_seal_that_was_made_anew_breaks_the_next_one() -> None:
    """It is right in itself; the one behind it names another, and so on to the head."""
    records, seals = chained([2, 2, 2], keys=[None])
    records[1] = records[1]._replace(actor="eve")
    first = seals[0]
    seals[0] = closed(None, records[:2], at_us=first.at_us, node=first.node, key=None)

    assert faults(records, seals, 6, keys=[]) == [3]
