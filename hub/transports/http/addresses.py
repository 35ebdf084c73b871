"""Addresses: what a path leads to, whatever the number of routes.

Matching a path against one pattern after the other, as routers do, was a fifth of what a post to
a custom channel cost (docs/performance.md). Here its parts are looked up.
"""

from collections.abc import Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Form(NamedTuple, Generic[T]):
    """The patterns that have their parameters at the same places, by their other parts."""

    literals: tuple[int, ...]
    places: tuple[int, ...]
    known: dict[tuple[str, ...], tuple[T, tuple[str, ...]]]


class Addresses(Generic[T]):
    """Things by their paths.

    Args:
        known: By pattern: a path whose parts may be `{name}`, which stands for one part that is
            not empty.
    """

    def __init__(self, known: Mapping[str, T]) -> None:
        self._fixed = {path: thing for path, thing in known.items() if "{" not in path}
        self._forms: dict[int, list[_Form[T]]] = {}
        for path, thing in known.items():
            if path not in self._fixed:
                self._add(path.split("/"), thing)
        for forms in self._forms.values():
            forms.sort(key=lambda form: len(form.places))

    def find(self, path: str) -> Iterator[tuple[T, dict[str, str]]]:
        """Yield what a path leads to, with its parameters: the least general first."""
        if (fixed := self._fixed.get(path)) is not None:
            yield fixed, {}
        parts = path.split("/")
        for literals, places, known in self._forms.get(len(parts), ()):
            found = known.get(tuple([parts[at] for at in literals]))
            if found is not None and all(values := [parts[at] for at in places]):
                yield found[0], dict(zip(found[1], values, strict=True))

    def _add(self, parts: list[str], thing: T) -> None:
        places = tuple(at for at, part in enumerate(parts) if part.startswith("{"))
        literals = tuple(at for at in range(len(parts)) if at not in places)
        forms = self._forms.setdefault(len(parts), [])
        form = next((form for form in forms if form.places == places), None)
        if form is None:
            form = _Form(literals, places, {})
            forms.append(form)
        names = tuple(parts[at].strip("{}") for at in places)
        form.known[tuple(parts[at] for at in literals)] = thing, names
