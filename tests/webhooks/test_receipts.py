"""Every attempt is a link of a chain."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.model.delivery import Attempt
from hub.webhooks.receipts import Chain, canonical, chained, verify
from support.webhooks import attempt


def chain(length: int) -> list[Attempt]:
    """Return a chain of attempts."""
    made: list[Attempt] = []
    at = Chain(0, b"")
    for number in range(1, length + 1):
        made.append(chained(attempt(number=number, detail=f"no {number}"), at))
        at = Chain(made[-1].receipt, made[-1].hash)
    return made


def test_a_chain_is_whole() -> None:
    """Its numbers have no holes, and each link names the one before."""
    links = chain(4)

    assert [link.receipt for link in links] == [1, 2, 3, 4]
    assert verify(links, Chain(0, b"")) is None
    assert verify(links[2:]) is None
    assert verify([]) is None


@pytest.mark.parametrize(
    ("break_it", "at"),
    [
        pytest.param(lambda links: [*links[:1], *links[2:]], 3, id="one is left out"),
        pytest.param(lambda links: [links[0], links[2], links[1], links[3]], 3, id="swapped"),
        pytest.param(
            lambda links: [links[0], links[1]._replace(status=500), *links[2:]], 2, id="changed"
        ),
        pytest.param(
            lambda links: [links[0], links[1]._replace(answer=b"no"), *links[2:]],
            2,
            id="another answer",
        ),
        pytest.param(
            lambda links: [links[0], chained(attempt(), Chain(1, b"x")), *links[2:]],
            2,
            id="put in",
        ),
        pytest.param(lambda links: links[1:], 2, id="the first is gone"),
    ],
)
def test_what_breaks_a_chain_is_found(
    break_it: Callable[[list[Attempt]], list[Attempt]], at: int
) -> None:
    """Whoever changes, removes or puts in an attempt is found out, and where."""
    fault = verify(break_it(chain(4)), Chain(0, b""))

    assert fault is not None
    assert fault.receipt == at


@given(st.sampled_from(Attempt._fields), st.integers(1, 5))
def test_every_field_is_hashed(field: str, changed: int) -> None:
    """No word of an attempt can be changed unseen."""
    link = chain(1)[0]
    other: Any = bytes([changed]) if isinstance(getattr(link, field), bytes) else changed + 100
    if field == "hash":
        other = b"x"

    fields: dict[str, Any] = {field: other}
    forged = link._replace(**fields)

    assert verify([forged], Chain(0, b"")) is not None


def test_what_is_hashed_can_be_written_in_any_language() -> None:
    """JSON without spaces, bytes in hex; the form is part of the contract."""
    link = chained(attempt(), Chain(0, b""))

    assert canonical(link) == (
        b'["hub-receipt-1",1,"","at_1","dl_1","ep_1","id-1",1,"w",1700000000000000,'
        b'"https://example.com/hook","192.0.2.1",200,null,"",1,2,3,4,"' + b"01" * 32 + b'",'
        b'"2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df",2]'
    )
