"""Patterns of names: `*` stands for any characters, also none."""


def is_like(text: str, pattern: str) -> bool:
    """Match in one go from left to right: an expression of many stars would take for ever."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *inner, last = others
    if not text.startswith(first):
        return False
    at = len(first)
    for part in inner:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)
