"""JSON Schema as words and tables: what a field may be, for people."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)
_BOUNDS = (
    ("minimum", "from {}"),
    ("maximum", "up to {}"),
    ("minLength", "{} characters at least"),
    ("maxLength", "{} at most"),
    ("format", "{}"),
)


def kind_of(schema: Schema) -> str:
    """Return what a value may be, as Markdown; named shapes are links to their headings."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(kind_of, schema["anyOf"])))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    return _plain(schema) + _bounded(schema)


def _plain(schema: Schema) -> str:
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_many(schema['items'])}" if schema.get("items") else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        values = schema["additionalProperties"]
        return f"object of {_many(values)}" if values else "object"
    return str(kind)


def _many(schema: Schema) -> str:
    kind = kind_of(schema)
    return f"({kind})" if " or " in kind else kind


def _bounded(schema: Schema) -> str:
    said = [words.format(schema[name]) for name, words in _BOUNDS if name in schema]
    return f", {', '.join(said)}" if said else ""


def fields(schema: Schema) -> Sequence[tuple[str, str, str]]:
    """Return name, kind and meaning of each field of an object."""
    meanings = dict(_attributes(schema.get("description", "")))
    required = set(schema.get("required", ()))
    return [
        (
            f"`{name}`" if name in required else f"`{name}`, optional",
            kind_of(one),
            one.get("description", meanings.get(name, "")) + _default(one),
        )
        for name, one in schema.get("properties", {}).items()
    ]


def about(schema: Schema) -> str:
    """Return what a shape is for: its description without the list of its fields."""
    text = _clean(schema.get("description", ""))
    return text.partition("\nAttributes:")[0].strip()


def _attributes(description: str) -> Iterator[tuple[str, str]]:
    _, _, listed = _clean(description).partition("\nAttributes:\n")
    for name, words in _ATTRIBUTE.findall(listed):
        yield name, " ".join(words.split())


def _clean(description: str) -> str:
    return inspect.cleandoc(description) + "\n"


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "" if default is None else f" Default: `{str(default).lower()}`."
