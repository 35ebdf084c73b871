"""What is wrong with a body or a query: every field of it, what was expected and what came.

msgspec stops at the first fault; people mend all at once, so a body that it refuses is looked
at again, field by field. A body that no reader could take (PostgreSQL has no NUL in a text,
JavaScript no integer over 64 bits, most parsers a limit of depth) is refused whole.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec

from hub.errors import MAX_FAULTS, FieldError, InvalidFields, MalformedBody
from hub.model.contract import shown

T = TypeVar("T")

# Levels of lists and objects. Python's own limit is 1000 and depends on who calls.
MAX_DEPTH = 100
_INTEGERS = range(-(2**63), 2**64)
# Nineteen digits in a row, whichever: found without a pattern, for it is done for every body.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_NAMED = re.compile(r"Object (missing required|contains unknown) field `(.+?)`(?: - at `(.+)`)?")
_WRONG = re.compile(r"(.+?)(?:, got .+?)?(?: - at `(.+)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
# What JSON calls them.
_WORDS = {
    "`str`": "a string",
    "`int`": "an integer",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "an object",
    "`array`": "an array",
    "`null`": "null",
}
_KINDS = re.compile(r"`(\w+(?: \| \w+)*)`")


def decode(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """Read a JSON body.

    Raises:
        MalformedBody: Not JSON, not UTF-8, nested too deep, with a number or a NUL that others
            cannot read.
        InvalidFields: JSON, but not of the expected shape; names every field.
    """
    try:
        value = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raw = _untyped(body)
        raise InvalidFields(_faults(raw, decoder.type, str(error))) from error
    if _is_suspect(body):
        _untyped(body)
    return value


def convert(values: dict[str, str], kind: type[T]) -> T:
    """Read the query of an address.

    Raises:
        InvalidFields: A parameter is unknown, missing or of another form.
    """
    nul = [FieldError(n, "no NUL characters", shown(v)) for n, v in values.items() if "\0" in v]
    if nul:
        raise InvalidFields(nul)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        faults = _faults(values, kind, str(error), strict=False)
        raise InvalidFields(
            [f._replace(field=f.field.removeprefix("$.")) for f in faults]
        ) from None


def _is_suspect(body: bytes) -> bool:
    """Say whether a body that was read may hold what `_untyped` refuses; at the price of a scan."""
    return (
        body.count(b"[") + body.count(b"{") > MAX_DEPTH
        or b"\\u0000" in body
        or _LONG_NUMBER in body.translate(_DIGITS)
    )


def _untyped(body: bytes) -> Any:
    """Read a body as whatever it is."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeDecodeError as error:
        raise MalformedBody(f"expected text in UTF-8, got an {error.reason}") from error
    except msgspec.DecodeError as error:
        got = str(error).partition(" - at ")[0][:80] if body else "an empty body"
        raise MalformedBody(f"expected one JSON value, got: {got}") from error
    _check(value)
    return value


def _check(value: Any) -> None:
    """Look through a value level by level; no recursion, for it is the caller's depth."""
    level, depth = [value], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item
                below += item.values()
            elif isinstance(item, list):
                below += item
            else:
                _check_scalar(item)
                continue
            if depth > MAX_DEPTH:
                raise _too_deep()
        level = below


def _check_scalar(item: Any) -> None:
    if isinstance(item, str) and "\0" in item:
        raise MalformedBody("expected text without NUL characters, got one (\\u0000)")
    if isinstance(item, int) and item not in _INTEGERS:
        raise MalformedBody("expected integers of 64 bits, got a larger one")


def _too_deep() -> MalformedBody:
    return MalformedBody(f"expected JSON of at most {MAX_DEPTH} levels, got more")


def _faults(value: Any, kind: Any, first: str, *, strict: bool = True) -> Sequence[FieldError]:
    """Check field by field."""
    if not (isinstance(value, dict) and isinstance(kind, type)):
        return [_fault(first, value)]
    info = msgspec.structs.fields(kind)
    names = {field.encode_name for field in info}
    unknown = (name for name in value if name not in names)
    faults = [
        FieldError(f"$.{name[:80]}", "no such field", shown(value[name]))
        for name in islice(unknown, MAX_FAULTS + 1)
    ]
    for field in info:
        if field.encode_name in value:
            faults += _field_faults(field, value[field.encode_name], strict=strict)
        elif field.required:
            faults.append(FieldError(f"$.{field.encode_name}", "a value", "nothing"))
    return faults or [_fault(first, value)]


def _field_faults(
    field: msgspec.structs.FieldInfo, value: Any, *, strict: bool
) -> list[FieldError]:
    try:
        msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        fault = _fault(str(error), value)
        return [fault._replace(field=f"$.{field.encode_name}{fault.field[1:]}")]
    return []


def _fault(message: str, value: Any) -> FieldError:
    """Put one message of msgspec into our three words."""
    named = _NAMED.fullmatch(message)
    if named:
        verb, name, place = named.groups()
        place = place or "$"
        if verb.startswith("missing"):
            return FieldError(f"{place}.{name}", "a value", "nothing")
        return FieldError(f"{place}.{name[:80]}", "no such field", shown(_at(value, place, name)))
    wrong = _WRONG.fullmatch(message)
    text, place = wrong.groups() if wrong else (message, None)
    place = place or "$"
    if text.endswith("out of range"):
        text = "a number of 64 bits"
    return FieldError(place, _in_words(text.removeprefix("Expected ")), shown(_at(value, place)))


def _in_words(text: str) -> str:
    def said(kinds: re.Match[str]) -> str:
        return " or ".join(_WORDS.get(f"`{kind}`", kind) for kind in kinds[1].split(" | "))

    return _KINDS.sub(said, text)


def _at(value: Any, place: str, *names: str) -> Any:
    steps = [int(index) if index else name for name, index in _STEP.findall(place)]
    for step in (*steps, *names):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
