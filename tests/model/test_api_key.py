"""Whose a revoked credential is."""

import pytest

from hub.model.api_key import concerns
from hub.model.principal import Principal

ANNA = Principal("anna", credential="key:k1.2")


@pytest.mark.parametrize(
    ("credential", "hers"),
    [("key:k1.2", True), ("sub:anna", True), ("key:k1", False), ("sub:bob", False), ("", False)],
)
def test_a_credential_is_its_own_or_that_of_a_name(credential: str, *, hers: bool) -> None:
    """The old secret of a rotated key is another one."""
    assert concerns(credential, ANNA) == hers
