"""The JSON Schema that a job puts on the answer to its question.

Validated by jsonschema-rs: nothing is fetched (a `$ref` to an address would be a request in the
hub's name, CWE-918) and patterns run in linear time (CWE-1333). References inside a schema are
counted out beforehand: thirty that each name the next one twice would take 2^30 steps (CWE-400).
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from hub.errors import MAX_FAULTS, FieldError, InvalidFields
from hub.model.contract import shown

# Parts of a schema with every reference written out: forms have some dozens.
MAX_PARTS = 2_000
# Bytes of an answer times parts of its schema: a quarter of a second at most.
MAX_WORK = 50_000_000
# Of a larger answer only the first fault is told: jsonschema-rs looks for all or for one.
_ALL_FAULTS_BYTES = 4_096
# A pattern takes time by the text times its automaton, which a counted repetition multiplies.
_PATTERNED_BYTES = 4_096
_PATTERN_PARTS = 100
_MAX_REPEAT = 256
_REPEAT = re.compile(r"\{(\d*),?(\d*)\}")
# Memory that one compiled pattern may take.
_PATTERN_BYTES = 256 * 1024
_WHERE = "$.input_request.schema"
# They find their target in other ways than `#/…`, which cannot be counted out.
_REFUSED = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor")
_REFUSED_INSIDE = ("$id", "$schema")


def check_schema(schema: dict[str, Any] | None) -> None:
    """Refuse what is no JSON Schema, names another document, or could take for ever.

    Raises:
        InvalidFields: Says what is wrong with it.
    """
    if schema is None:
        return
    try:
        _Parts(schema).count(schema)
        _compile(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        expected = "a JSON Schema without references to other documents"
        got = str(error).partition("\n")[0][:80]
        raise InvalidFields([FieldError(_WHERE, expected, got)]) from error


def check_answer(schema: dict[str, Any] | None, answer: Any) -> None:
    """Refuse an answer that does not meet the schema.

    Raises:
        InvalidFields: Names the first places that do not fit.
    """
    if schema is None:
        return
    size = len(msgspec.json.encode(answer))
    parts = _Parts(schema)
    most = MAX_WORK // parts.count(schema)
    if parts.patterned:
        most = min(most, _PATTERNED_BYTES)
    if size > most:
        raise InvalidFields([FieldError("$.input", f"at most {most} bytes", f"{size} bytes")])
    faults = [
        FieldError(
            _place(fault.instance_path),
            f"what the job asks: {fault.message[:200]}",
            shown(fault.instance),
        )
        for fault in _faults(_compile(schema), answer, every=size <= _ALL_FAULTS_BYTES)
    ]
    if faults:
        raise InvalidFields(faults)


class _Parts:
    """Counts the parts of a schema with every reference written out."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._known: dict[str, int] = {}
        self.patterned = False

    def count(self, part: Any) -> int:
        """Return the number of parts.

        Raises:
            ValueError: Too many, or a reference that leads elsewhere or back to itself.
        """
        if isinstance(part, dict):
            self._check_words(part)
            parts = 1 + sum(map(self.count, part.values())) + self._referred(part.get("$ref"))
            parts += self._patterns(part)
        elif isinstance(part, list):
            parts = 1 + sum(map(self.count, part))
        else:
            parts = 1
        if parts > MAX_PARTS:
            raise ValueError(f"more than {MAX_PARTS} parts")
        return parts

    def _check_words(self, part: dict[str, Any]) -> None:
        refused = _REFUSED if part is self._root else _REFUSED + _REFUSED_INSIDE
        for word in refused:
            if isinstance(part.get(word), str):
                raise ValueError(word)  # noqa: TRY004 the word is at fault, not its type

    def _patterns(self, part: dict[str, Any]) -> int:
        """Return what the patterns of a part count for: each as much as a hundred others."""
        properties = part.get("patternProperties")
        named = properties if isinstance(properties, dict) else {}
        patterns = [p for p in (part.get("pattern"), *named) if isinstance(p, str)]
        for pattern in patterns:
            self.patterned = True
            _check_repeats(pattern)
        return len(patterns) * _PATTERN_PARTS

    def _referred(self, ref: Any) -> int:
        if not isinstance(ref, str):
            return 0
        if ref not in self._known:
            # Found again while it is being counted: it leads back to itself.
            self._known[ref] = MAX_PARTS
            self._known[ref] = self.count(self._target(ref))
        return self._known[ref]

    def _target(self, ref: str) -> Any:
        here: Any = self._root
        start, *steps = ref.split("/")
        if start != "#":
            raise ValueError(f"$ref to {ref[:60]}")
        for step in steps:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(here, list) and name.isdecimal() and int(name) < len(here):
                here = here[int(name)]
            elif isinstance(here, dict) and name in here:
                here = here[name]
            else:
                raise ValueError(f"$ref to {ref[:60]}, where nothing is")
        return here


def _check_repeats(pattern: str) -> None:
    """Refuse a pattern whose counted repetitions make a large automaton.

    Raises:
        ValueError: One of them is over the limit.
    """
    for low, high in _REPEAT.findall(pattern):
        if max(int(low or 0), int(high or 0)) > _MAX_REPEAT:
            raise ValueError(f"a pattern that repeats over {_MAX_REPEAT} times")


def _faults(
    validator: jsonschema_rs.Validator, answer: Any, *, every: bool
) -> list[jsonschema_rs.ValidationError]:
    if every:
        return list(islice(validator.iter_errors(answer), MAX_FAULTS))
    try:
        validator.validate(answer)
    except jsonschema_rs.ValidationError as first:
        return [first]
    return []


def _place(path: Iterable[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:80]}" for step in path)
    return "".join(["$.input", *steps])


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        schema,
        offline=True,
        mask="it",  # what came is shown beside, shortened
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES),
    )
