"""Loading: from the environment to settings, with an error that says what was expected."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from hub.environment import is_injected, unknown
from hub.errors import Misconfigured
from hub.settings.fields import Settings
from hub.settings.files import file_names, with_files
from hub.settings.safety import check, doubts
from hub.settings.secret import Secret


class Name(NamedTuple):
    """One setting: its field, its name in the environment, what it means, its default."""

    field: str
    env: str
    meaning: str
    default: object
    kind: Any

    @property
    def is_secret(self) -> bool:
        """Whether its value may hold a password, and may come from the file NAME_FILE names."""
        return self.env in _WITH_PASSWORDS or Secret in _parts(self.kind)


# Addresses that may hold one.
_WITH_PASSWORDS = frozenset({"DATABASE_URL", "REDIS_URL"})
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
    secret = [name.env for name in known if name.is_secret]
    environ = with_files(environ, secret)
    values = {}
    for name in known:
        text = environ.get(name.env, "").strip()
        if text and not is_injected(name.env, text):
            values[name.field] = _read(name, text)
    settings = Settings(**values)
    check(settings)
    known_names = {name.env for name in known} | set(file_names(secret))
    return settings, _warnings(settings, environ, known_names)


def _read(name: Name, text: str) -> Any:
    """Return the value of a setting; case does not matter where there is a list of words."""
    words = _choice(name.kind)
    if words:
        text = next((word for word in words if word.lower() == text.lower()), text)
    try:
        return msgspec.convert(text, name.kind, strict=False, dec_hook=_hide)
    except msgspec.ValidationError as error:
        expected = " or ".join(words) or _expected(str(error))
        raise Misconfigured(f"{name.env}: expected {expected}, got {text[:80]!r}") from error


def _hide(kind: type, text: str) -> Secret:
    """Make a secret; msgspec knows all other kinds."""
    if kind is not Secret:
        raise NotImplementedError(kind)
    return Secret(text)


def _parts(kind: Any) -> Iterator[Any]:
    """Yield everything that an annotation is made of."""
    yield kind
    for part in get_args(kind):
        yield from _parts(part)


def _warnings(settings: Settings, environ: Mapping[str, str], known: set[str]) -> list[str]:
    warnings = [*unknown(environ, known), *doubts(settings)]
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
