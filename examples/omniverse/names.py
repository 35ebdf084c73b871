"""Names of prims: one that USD takes for any word, and never one for two words."""

import re

_OTHER = re.compile(rb"\A[0-9]|[^A-Za-z0-9]")


def prim_name(word: str) -> str:
    """Return a word as a USD identifier, so that the word can be read back from it.

    Letters and digits stay. Every other byte of the UTF-8, and a digit in front, is written as
    `_` and two hexadecimal digits: `c-1` is `c_2d1`. `Tf.MakeValidIdentifier` would call `c-1`
    and `c.1` the same. ASCII only: not every Kit reads an identifier with other letters.
    """
    return _OTHER.sub(_spelled, word.encode()).decode() or "_"


def _spelled(found: re.Match[bytes]) -> bytes:
    return b"_%02x" % found[0][0]
