"""The keys that the SDK makes."""

import uuid

import pytest

from hub_client.calls.idempotency import new_key
from hub_client.calls.request import post
from hub_client.errors import SerializationError


def test_keys_are_of_version_seven_and_ordered_by_time() -> None:
    """The first 48 bits are the time, so a later key never sorts before an earlier millisecond."""
    keys = [new_key() for _ in range(2_000)]

    assert len(set(keys)) == len(keys)
    assert {uuid.UUID(key).version for key in keys} == {7}
    assert {uuid.UUID(key).variant for key in keys} == {uuid.RFC_4122}
    assert [key[:13] for key in keys] == sorted(key[:13] for key in keys)


@pytest.mark.parametrize("key", ["order 7", "~", "k" * 255])
def test_a_key_of_the_callers_own_is_sent_as_it_is(key: str) -> None:
    """Whatever the hub takes."""
    assert post("/update", {}, key=key).headers["Idempotency-Key"] == key


@pytest.mark.parametrize("key", ["", "k" * 256, "größe", "a\r\nX: b"])
def test_a_key_that_no_header_can_hold_is_refused_before_anything_is_sent(key: str) -> None:
    """With what was expected, and not an error of the HTTP library."""
    with pytest.raises(SerializationError, match="expected 1 to 255 printable ASCII"):
        post("/update", {}, key=key)
