"""The audit log's chain, walked from its beginning: what was changed, taken out or put in."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hub.model.audit import FORGOTTEN, Record, Seal, digest, is_end_signed, is_signed, link

MAX_FAULTS = 20


class Fault(NamedTuple):
    """Something that is not as it was sealed.

    Attributes:
        seq: The first record that it touches.
        text: What is wrong.
    """

    seq: int
    text: str


class _Forgotten(msgspec.Struct):
    through: int
    hmac: str = ""


class Chain:
    """Judges seals and their records, in order, a batch at a time.

    Args:
        keys: That may have signed; none: signatures are not looked at.
        forgotten: Newest record that retention has removed.
        head: Hash of a seal, as it was logged outside; None: the end is not compared.

    Attributes:
        seals: How many were walked.
        records: The same, of records that are there.
        last_seq: Newest record so far.
        signed: How many seals carry a signature that holds.
        faults: What was found, the first one first; `MAX_FAULTS` at most.
    """

    def __init__(
        self, keys: Sequence[bytes] = (), *, forgotten: int = 0, head: str | None = None
    ) -> None:
        self.seals = 0
        self.records = 0
        self.last_seq = 0
        self.signed = 0
        self.faults: list[Fault] = []
        self._keys = keys
        self._forgotten = forgotten
        self._owned_up = 0
        # Hash of the seal where what was removed ends, and who says in which record that it was.
        self._end = ""
        self._has_key = False
        self._confession: tuple[int, str] | None = None
        self._head = None if head is None else head.strip().lower()
        self._last: Seal | None = None

    def take(self, seal: Seal, records: Sequence[Record]) -> None:
        """Judge the next seal and its records: all from the batch before to its `last_seq`."""
        if not is_seal(seal):
            # A database may hold anything; nothing of it can be compared.
            self._fault(self.last_seq + 1, f"what follows record {self.last_seq} is no seal")
            return
        self.seals += 1
        self._judge_place(seal)
        if link(seal) != seal.hash:
            self._fault(seal.first_seq, f"seal {seal.batch} was changed: its hash does not hold")
        self._judge_signature(seal)
        if seal.last_seq <= self._forgotten:
            self._refuse_forgotten(records)
        elif self._are_whole(seal, records) and digest(records) != seal.digest:
            ends = f"{seal.first_seq} to {seal.last_seq}"
            self._fault(
                seal.first_seq, f"of the records {ends} (seal {seal.batch}) one was changed"
            )
        # What was sealed before there was a key is vouched for by the first signed seal.
        self._has_key = self._has_key or bool(seal.hmac)
        self._count(records)
        self.last_seq = seal.last_seq
        self._last = seal
        if seal.last_seq == self._forgotten:
            self._end = seal.hash
        if seal.hash == self._head:
            self._head = None

    def rest(self, records: Sequence[Record]) -> None:
        """Judge records that are not sealed yet: only that none is missing."""
        for record in records:
            if record.seq != self.last_seq + 1:
                self._fault(self.last_seq + 1, _out_of_place(self.last_seq + 1, record.seq))
            self.last_seq = record.seq
        self._count(records)

    def end(self, last_seq: int) -> None:
        """Judge the end.

        Args:
            last_seq: Newest record, as the log's counter says.
        """
        if self.last_seq != last_seq:
            text = f"expected records up to {last_seq}, they end with {self.last_seq}"
            self._fault(min(self.last_seq, last_seq) + 1, text)
        if self._forgotten > self._owned_up:
            text = f"records up to {self._forgotten} are gone, and no {FORGOTTEN} says so"
            self._fault(self._owned_up + 1, text)
        self._judge_confession()
        if self._head is not None:
            after = self.last_seq if self._last is None else self._last.last_seq
            text = f"no seal has the hash {self._head[:64]}: the log was cut, or made anew"
            self._fault(after + 1, text)
        if self._keys and self._last is not None and not self._last.hmac:
            text = f"the newest seal, {self._last.batch}, is not signed"
            self._fault(self._last.first_seq, text)

    def _judge_place(self, seal: Seal) -> None:
        batch, hash_ = (0, "") if self._last is None else (self._last.batch, self._last.hash)
        if seal.batch != batch + 1:
            self._fault(self.last_seq + 1, f"expected seal {batch + 1}, got seal {seal.batch}")
        elif seal.previous != hash_:
            self._fault(seal.first_seq, f"seal {seal.batch} does not follow the one before it")
        if seal.first_seq != self.last_seq + 1 or seal.last_seq < seal.first_seq:
            ends = f"records {seal.first_seq} to {seal.last_seq}"
            text = (
                f"expected seal {seal.batch} to begin with record {self.last_seq + 1}, got {ends}"
            )
            self._fault(self.last_seq + 1, text)

    def _judge_signature(self, seal: Seal) -> None:
        if not seal.hmac or not self._keys:
            return
        if is_signed(seal, self._keys):
            self.signed += 1
        else:
            self._fault(seal.first_seq, f"seal {seal.batch} was not signed with the key")

    def _are_whole(self, seal: Seal, records: Sequence[Record]) -> bool:
        expected = self.last_seq + 1
        for record in records:
            if record.seq != expected:
                self._fault(expected, _out_of_place(expected, record.seq))
                return False
            expected += 1
        if expected != seal.last_seq + 1:
            self._fault(expected, f"record {expected} (seal {seal.batch}) is missing")
            return False
        return True

    def _refuse_forgotten(self, records: Sequence[Record]) -> None:
        if records:
            seq = records[0].seq
            self._fault(seq, f"record {seq} is there, although it was forgotten")

    def _judge_confession(self) -> None:
        """Refuse a removal that the hub has not signed: whoever has the database can write one."""
        if self._keys and self._confession is not None:
            seq, given = self._confession
            if not is_end_signed(self._end, given, self._keys):
                self._fault(seq, f"the {FORGOTTEN} of record {seq} was not signed with the key")

    def _count(self, records: Sequence[Record]) -> None:
        self.records += len(records)
        for record in records:
            if record.action == FORGOTTEN:
                through, given = _confessed(record)
                self._owned_up = max(self._owned_up, through)
                if through == self._forgotten and self._has_key:
                    self._confession = (record.seq, given)

    def _fault(self, seq: int, text: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(seq, text))


def verify(
    records: Sequence[Record],
    seals: Sequence[Seal],
    keys: Sequence[bytes] = (),
    *,
    last_seq: int,
    forgotten: int = 0,
    head: str | None = None,
) -> Sequence[Fault]:
    """Return what is wrong with a whole log; the arguments are those of `Chain` and its `end`."""
    chain, start = Chain(keys, forgotten=forgotten, head=head), 0
    for seal in seals:
        end = start
        last = seal.last_seq if is_seal(seal) else 0
        while end < len(records) and records[end].seq <= last:
            end += 1
        chain.take(seal, records[start:end])
        start = end
    chain.rest(records[start:])
    chain.end(last_seq)
    return chain.faults


def _out_of_place(expected: int, seq: int) -> str:
    return f"expected record {expected}, got record {seq}"


def _confessed(record: Record) -> tuple[int, str]:
    """Return up to which record one says that they were removed, and its signature."""
    try:
        told = msgspec.json.decode(record.details, type=_Forgotten)
    except (msgspec.DecodeError, UnicodeError):
        return 0, ""
    return told.through, told.hmac


def is_seal(seal: Seal) -> bool:
    """Say whether its fields are of the types that they should be; SQLite keeps whatever comes."""
    kinds = Seal.__annotations__.values()
    return all(type(value) is kind for value, kind in zip(seal, kinds, strict=True))
