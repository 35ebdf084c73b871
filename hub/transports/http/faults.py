"""What is wrong with a body: every field of it, what was expected and what came."""

import re
from typing import Any, TypeVar

import msgspec

from hub.errors import FieldError, InvalidFields, MalformedBody
from hub.model.contract import shown

T = TypeVar("T")

_NAMED = re.compile(r"Object (missing required|contains unknown) field `(.+?)`(?: - at `(.+)`)?")
_WRONG = re.compile(r"(.+?)(?:, got .+?)?(?: - at `(.+)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def decode(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """Read a JSON body.

    Raises:
        MalformedBody: Not JSON, not UTF-8, nested too deep, or with a NUL in a text, which
            PostgreSQL cannot store.
        InvalidFields: JSON, but not of the expected shape; names every field.
    """
    try:
        value = decoder.decode(body)
        # What cannot be encoded again (an integer over 64 bits) could not be told to anybody.
        _encode(value)
    except msgspec.ValidationError as error:
        raise InvalidFields(_faults(body, decoder.type, str(error))) from error
    except RecursionError as error:
        raise MalformedBody("expected JSON of sane depth, got one nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"expected one JSON value in UTF-8, got {_short(error)}") from error
    except OverflowError as error:
        raise MalformedBody("expected integers of 64 bits, got a larger one") from error
    if b"\\u0000" in body and _has_nul(msgspec.json.decode(body)):
        raise MalformedBody("expected text without NUL characters, got one (\\u0000)")
    return value


def convert(values: dict[str, str], kind: type[T]) -> T:
    """Read the query of an address.

    Raises:
        InvalidFields: A parameter is unknown, missing or of another form.
    """
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidFields([_fault(str(error), values)]) from error


_encode = msgspec.json.Encoder().encode


def _faults(body: bytes, kind: Any, first: str) -> list[FieldError]:
    """Check field by field: msgspec stops at the first fault, people mend all at once."""
    value = msgspec.json.decode(body)
    if not (isinstance(value, dict) and isinstance(kind, type)):
        return [_fault(first, value)]
    info = msgspec.structs.fields(kind)
    names = {field.encode_name for field in info}
    faults = [
        FieldError(f"$.{name}", "no such field", shown(value[name]))
        for name in value
        if name not in names
    ]
    for field in info:
        if field.encode_name in value:
            faults += _field_faults(field, value[field.encode_name])
        elif field.required:
            faults.append(FieldError(f"$.{field.encode_name}", "a value", "nothing"))
    return faults or [_fault(first, value)]


def _field_faults(field: msgspec.structs.FieldInfo, value: Any) -> list[FieldError]:
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        fault = _fault(str(error), value)
        return [fault._replace(field=f"$.{field.encode_name}{fault.field[1:]}")]
    return []


def _fault(message: str, value: Any) -> FieldError:
    """Put one message of msgspec into our three words."""
    named = _NAMED.fullmatch(message)
    if named:
        verb, name, place = named.groups()
        expected, got = (
            ("a value", "nothing") if verb.startswith("missing") else ("no such field", "one")
        )
        return FieldError(f"{place or '$'}.{name}", expected, got)
    wrong = _WRONG.fullmatch(message)
    text, place = wrong.groups() if wrong else (message, None)
    text = text.removeprefix("Expected ").replace("`", "")
    if text.startswith("Invalid enum value"):
        text = "one of the allowed words"
    return FieldError(place or "$", text, shown(_at(value, place or "$")))


def _at(value: Any, place: str) -> Any:
    for name, index in _STEP.findall(place):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


def _short(error: Exception) -> str:
    return str(error)[:80]
