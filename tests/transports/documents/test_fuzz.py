"""schemathesis asks a running hub what its OpenAPI document promises, and what it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hub.transports.sse.asking import EventsParams
from support.documents import openapi

# Enough for each shape of each field, beside the boundary cases that schemathesis always tries.
EXAMPLES = 20

_config = schemathesis.Config.from_dict(
    {"generation": {"deterministic": True, "max-examples": EXAMPLES}}
)
# Without the stream, which does not end: `test_no_address_of_a_stream_is_a_fault` asks for it.
schema = schemathesis.openapi.from_dict(openapi(), config=_config).exclude(
    operation_id="followEvents"
)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all."""
    with requests.Session() as opened:
        yield opened


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_answers_are_as_documented(case: Case[Any], url: str, session: requests.Session) -> None:
    """No input is answered 5xx; each answer has a documented status, type and shape."""
    if "job_id" in case.path_parameters and _is_positive(case):
        # A job that exists: else nothing behind the 404 would be asked.
        case.path_parameters["job_id"] = session.post(f"{url}/api/jobs", json={}).json()["job_id"]

    # Left out: what only the state or the clock can judge (a key used before, a time ahead).
    case.call_and_validate(
        base_url=url, session=session, excluded_checks=[positive_data_acceptance]
    )


@given(
    st.dictionaries(
        st.sampled_from(EventsParams.__struct_fields__),
        st.text() | st.sampled_from(["jobs", "1", "true", "{}", "e1;jobs=1", "a:1"]),
    ),
    st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)
@settings(max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_no_address_of_a_stream_is_a_fault(
    url: str, session: requests.Session, params: dict[str, str], last_id: str | None
) -> None:
    """Whatever it asks for, it is a stream or a refusal (by HEAD, which would not begin one)."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    answer = session.head(f"{url}/api/events", params=params, headers=headers)

    assert answer.status_code in {200, 404, 422}


def _is_positive(case: Case[Any]) -> bool:
    """Say whether the address is one that the document allows."""
    part = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    return part is not None and part.mode is GenerationMode.POSITIVE
