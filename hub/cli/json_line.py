"""JSON on the terminal: a line that no terminal obeys, and every program reads the same."""

import msgspec

_PLANE = 0xFFFF


def json_line(value: object) -> str:
    """Return a value as one line of JSON in printable characters.

    JSON lets stand what is above U+001F. Terminals take orders from U+009B, too (CWE-150), and turn
    text around by U+202E; strangers write both into events and into the fields of webhooks.
    """
    text = msgspec.json.encode(value).decode()
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    number = ord(char)
    if number <= _PLANE:
        return f"\\u{number:04x}"
    high, low = divmod(number - _PLANE - 1, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
