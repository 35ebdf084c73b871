"""The keys that the SDK makes."""

import uuid

from hub_client.calls.idempotency import new_key


def test_keys_are_of_version_seven_and_ordered_by_time() -> None:
    """The first 48 bits are the time, so a later key never sorts before an earlier millisecond."""
    keys = [new_key() for _ in range(2_000)]

    assert len(set(keys)) == len(keys)
    assert {uuid.UUID(key).version for key in keys} == {7}
    assert {uuid.UUID(key).variant for key in keys} == {uuid.RFC_4122}
    assert [key[:13] for key in keys] == sorted(key[:13] for key in keys)
