"""Filters: which events of a channel a client wants, by the values of their fields.

Clients with the same filter share one object, one judgement and one frame. Filters are looked up
by value, not evaluated one by one: with rights by owner, every user has one of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.errors import InvalidCommand

MAX_NAMES = 16
MAX_VALUES = 100
# What an event has at the top, and a state in a snapshot has not.
ENVELOPE = frozenset({"type", "channel", "offset", "id", "timestamp"})
# Whose an event is. A word that no client can write down and no event's data can take.
OWNER = "\0owner"
Scalar = str | int | float | bool | None
# What a client may write down: any of these values, a field.
Where = Mapping[str, Sequence[Scalar] | Scalar]
# An event, or an entity, as filters see it.
Facts = Mapping[str, Any]
_Word = tuple[str, Scalar]


class Filter(NamedTuple):
    """Fields and the words that each may have; equal ones compare and hash as equal.

    A word is a value with its kind, because Python takes True for 1.
    """

    fields: tuple[tuple[str, frozenset[_Word]], ...]

    def matches(self, facts: Facts) -> bool:
        """Say whether every field has one of its values."""
        return all(word(facts, name) in words for name, words in self.fields)

    def shows(self, state: Facts) -> bool:
        """Say whether an entity's state is let through; it has no `type` that could be asked."""
        return all(
            word({"data": state}, name) in words
            for name, words in self.fields
            if (name in state or name not in ENVELOPE) and name != OWNER
        )


def parse(where: Where) -> Filter:
    """Return the filter that a client has written down.

    Raises:
        InvalidCommand: Too many names or values, none, or a value that is no scalar.
    """
    if not 1 <= len(where) <= MAX_NAMES:
        raise InvalidCommand(f"where: expected 1 to {MAX_NAMES} names, got {len(where)}")
    fields = []
    for name, values in sorted(where.items()):
        if name == OWNER:
            raise InvalidCommand(f"where: expected the name of a field, got {name!r}")
        some = values if isinstance(values, list) else [values]
        if not 1 <= len(some) <= MAX_VALUES:
            raise InvalidCommand(
                f"where.{name[:80]}: expected 1 to {MAX_VALUES} values, got {len(some)}"
            )
        fields.append((name, frozenset(map(_word_of, some))))
    return Filter(tuple(fields))


def owned(where: Filter | None, owner: str) -> Filter:
    """Return a filter that also lets through only what belongs to one principal."""
    mine = (OWNER, frozenset({_word_of(owner)}))
    return Filter((mine, *(where.fields if where is not None else ())))


def read_facts(text: bytes, owner: str = "") -> Facts:
    """Return an event's frame as filters see it."""
    facts: dict[str, Any] = msgspec.json.decode(text)
    if owner:
        facts[OWNER] = owner
    return facts


def word(facts: Facts, name: str) -> _Word | None:
    """Look a name up in `data`, if it is there, else at the top; None when it has no value.

    A list or an object is no value that a filter could name.
    """
    data = facts.get("data")
    here: Facts = data if isinstance(data, dict) and name in data and name != OWNER else facts
    value = here.get(name, _MISSING)
    return _word_of(value) if isinstance(value, _SCALARS) else None


def shown(items: Sequence[msgspec.Raw], where: Filter | None) -> Sequence[msgspec.Raw]:
    """Return the entities of a snapshot that a filter lets through."""
    if where is None:
        return items
    return [item for item in items if where.shows(msgspec.json.decode(item))]


_MISSING: Any = object()
_SCALARS = (str, int, float, bool, type(None))


def _word_of(value: Scalar) -> _Word:
    kind = "flag" if isinstance(value, bool) else "number" if isinstance(value, int | float) else ""
    return (kind or "text", value)


class Index:
    """Many filters, of which few match one event."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[_Word, dict[Filter, None]]] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def add(self, each: Filter) -> None:
        """Look for this one too; harmless when it is there."""
        name, words = _narrowest(each)
        table = self._tables.setdefault(name, {})
        for one in words:
            table.setdefault(one, {})[each] = None

    def discard(self, each: Filter) -> None:
        """Look for it no more."""
        name, words = _narrowest(each)
        table = self._tables.get(name, {})
        for one in words & table.keys():
            table[one].pop(each, None)
            if not table[one]:
                del table[one]
        if not table:
            self._tables.pop(name, None)

    def matching(self, facts: Facts) -> Iterator[Filter]:
        """Return the filters that an event matches."""
        for name, table in self._tables.items():
            value = word(facts, name)
            found: Iterable[Filter] = table.get(value, ()) if value is not None else ()
            for each in found:
                if len(each.fields) == 1 or each.matches(facts):
                    yield each


def _narrowest(each: Filter) -> tuple[str, frozenset[_Word]]:
    return min(each.fields, key=lambda field: len(field[1]))
