"""Loading: from the environment to settings, with an error that says what was expected."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from hub.environment import is_injected, unknown
from hub.errors import Misconfigured
from hub.settings.fields import Settings
from hub.settings.safety import check


class Name(NamedTuple):
    """One setting: its field, its name in the environment, what it means, its default."""

    field: str
    env: str
    meaning: str
    default: object
    kind: Any


_WORDS = {"`int`": "a whole number", "`float`": "a number", "`bool`": "true or false"}


def names() -> Sequence[Name]:
    """Return every setting, in the order of its declaration."""
    kinds = get_type_hints(Settings, include_extras=True)
    found = []
    for field in msgspec.structs.fields(Settings):
        kind = kinds[field.name]
        # `_help` stands last in every annotation.
        meta: msgspec.Meta = get_args(kind)[-1]
        env = (meta.extra or {})["env"]
        found.append(Name(field.name, env, meta.description or "", field.default, kind))
    return found


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read the settings; also return warnings, one line each.

    Raises:
        Misconfigured: A value is wrong, or the combination is not safe.
    """
    known = names()
    values = {}
    for name in known:
        text = environ.get(name.env, "").strip()
        if text and not is_injected(name.env, text):
            values[name.field] = _read(name, text)
    settings = Settings(**values)
    check(settings, environ)
    return settings, _warnings(settings, environ, {name.env for name in known})


def _read(name: Name, text: str) -> Any:
    """Return the value of a setting; case does not matter where there is a list of words."""
    words = _choice(name.kind)
    if words:
        text = next((word for word in words if word.lower() == text.lower()), text)
    try:
        return msgspec.convert(text, name.kind, strict=False)
    except msgspec.ValidationError as error:
        expected = " or ".join(words) or _expected(str(error))
        raise Misconfigured(f"{name.env}: expected {expected}, got {text[:80]!r}") from error


def _warnings(settings: Settings, environ: Mapping[str, str], known: set[str]) -> list[str]:
    warnings = unknown(environ, known)
    if "?" in settings.database_url and settings.postgres_url is None:
        warnings.append("DATABASE_URL: what stands behind the ? is not used")
    return warnings


def _choice(kind: Any) -> tuple[str, ...]:
    """Return the words that a setting can be, where there is a list of them."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    parts = get_args(kind) if not isinstance(kind, msgspec.Meta) else ()
    return next((words for part in parts if (words := _choice(part))), ())


def _expected(message: str) -> str:
    """Put one message of msgspec, like "Expected `int` >= 1", into words of people."""
    text = message.removeprefix("Expected ").partition(", got ")[0]
    for word, meant in _WORDS.items():
        text = text.replace(word, meant)
    return text
