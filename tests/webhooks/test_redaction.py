"""What a receiver sends back of the secrets it was sent is not kept."""

import pytest

from hub.webhooks.redaction import without_secrets
from hub.webhooks.sender import Request

URL = "https://shop.example/hook?token=querysecret"
HEADERS = [
    ("content-type", "application/json"),
    ("webhook-id", "01a1fedb-e74c"),
    ("authorization", "Bearer headersecret"),
    ("x-short", "on"),
]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param(b"authorization: Bearer headersecret!", b"authorization: ***!", id="a header"),
        pytest.param(b'{"token":"headersecret"}', b'{"token":"***"}', id="its last word"),
        pytest.param(b"POST /hook?token=querysecret", b"POST /hook?***", id="the query"),
        pytest.param(b"application/json 01a1fedb-e74c on", None, id="what is no secret"),
        pytest.param(b"\xff\x00", None, id="bytes"),
    ],
)
def test_secrets_that_come_back_are_not_kept(said: bytes, kept: bytes | None) -> None:
    """The values of an endpoint's own headers and its query; all else as it came."""
    assert without_secrets(said, Request(URL, HEADERS, b"{}")) == (said if kept is None else kept)


def test_where_nothing_was_sent_nothing_is_hidden() -> None:
    """An attempt that could not be built has no answer either."""
    assert without_secrets(b"", None) == b""
