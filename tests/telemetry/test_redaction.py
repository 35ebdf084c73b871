"""Secrets that somebody puts into an address do not stand in the log."""

import pytest

from hub.telemetry.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("/api/jobs/hub_1", "/api/jobs/hub_1", id="nothing secret"),
        pytest.param("/api/tokens/hub_abc_SECRET", "/api/tokens/hub_abc_…", id="a key"),
        pytest.param("/ws?ticket=SECRET&a=b", "/ws?ticket=…&a=b", id="a ticket"),
        pytest.param("/x?access_token=SECRET", "/x?access_token=…", id="a token"),
        pytest.param("/x/eyJhbGciOi.SECRET.SECRET", "/x/eyJhbGciOi.…", id="a JWT"),
        pytest.param("/x/whsec_SEC+RET/=", "/x/whsec_…", id="what signs webhooks"),
        pytest.param("hub_a_SECRET hub_b_SECRET", "hub_a_… hub_b_…", id="two keys"),
    ],
)
def test_a_secret_is_told_by_its_form(text: str, shown: str) -> None:
    """What is no secret stays readable."""
    assert redacted(text) == shown
