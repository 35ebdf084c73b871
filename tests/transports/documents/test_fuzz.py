"""schemathesis asks a running hub what its OpenAPI document promises, and what it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from support.documents import openapi

# Enough for each shape of each field, beside the boundary cases that schemathesis always tries.
EXAMPLES = 20

_config = schemathesis.Config.from_dict(
    {"generation": {"deterministic": True, "max-examples": EXAMPLES}}
)
schema = schemathesis.openapi.from_dict(openapi(), config=_config)


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


def _is_positive(case: Case[Any]) -> bool:
    """Say whether the address is one that the document allows."""
    part = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    return part is not None and part.mode is GenerationMode.POSITIVE
