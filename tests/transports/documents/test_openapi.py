"""The served OpenAPI document: valid, whole, and true to what the hub answers."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.transports.http.documents.schemas import _REFINEMENTS
from hub.transports.http.route import Route
from hub.transports.http.site.codes import all_codes
from support.documents import ROUTES, asyncapi, openapi, schema_of
from support.running import CONTRACT

OPERATIONS = [
    (method, path, operation)
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
]
IDS = [f"{method.upper()} {path}" for method, path, _ in OPERATIONS]


def examples() -> Iterator[Any]:
    """Yield each example with its schema."""
    for method, path, operation in OPERATIONS:
        medias = [operation.get("requestBody", {})]
        medias += [answer for answer in operation["responses"].values() if "content" in answer]
        for index, part in enumerate(medias):
            media = part.get("content", {}).get("application/json", {})
            kind = "answer" if index else "body"
            if "example" in media:
                yield pytest.param(media, id=f"{method.upper()} {path}: {kind}")


def requests() -> Iterator[Any]:
    """Yield each example of a body, with its route."""
    for method, path, operation in OPERATIONS:
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None:
            yield pytest.param(method, path, operation, id=f"{method.upper()} {path}")


def test_it_is_valid_openapi() -> None:
    """The official validator has nothing to say against the document."""
    faults = OpenAPIV31SpecValidator(openapi()).iter_errors()

    assert [str(fault) for fault in faults] == []


async def test_the_hub_serves_what_its_table_makes(http: httpx.AsyncClient) -> None:
    """What is served is what these tests look at, but for the version."""
    served = (await http.get("/openapi.json")).json()

    served["info"]["version"] = openapi()["info"]["version"]
    assert served == openapi()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_described(route: Route) -> None:
    """Each row of the table is an operation under its own name."""
    operation = openapi()["paths"][route.path][route.method.lower()]

    assert operation["operationId"] == route.name
    assert operation["summary"] == route.summary


def test_names_are_unique() -> None:
    """Two operations of one name would be one function of a generated client."""
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert all(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_refusal_names_known_codes(
    method: str, path: str, operation: Mapping[str, Any]
) -> None:
    """A refusal's codes come with that status, and each has a page."""
    known = {(status, code.code) for code in all_codes() for status in code.statuses}

    for status, answer in operation["responses"].items():
        if int(status) < 400:
            continue
        schema = answer["content"]["application/problem+json"]["schema"]
        for code in schema["allOf"][1]["properties"]["code"]["enum"]:
            assert (int(status), code) in known, (method, path)


def test_nothing_is_left_open_by_accident() -> None:
    """Only what may be any JSON value has an empty schema: the answer to a question."""
    free = {
        f"{name}.{field}"
        for name, schema in openapi()["components"]["schemas"].items()
        for field, value in schema["properties"].items()
        if not value or value.get("items") == {}
    }

    assert free == {"JobAnswer.input", "JobData.input", "JobDocument.input"}


def test_every_refinement_refines_something() -> None:
    """A field that was renamed does not silently lose what the services check."""
    structs = {**openapi()["components"]["schemas"], **asyncapi()["components"]["schemas"]}
    for message in asyncapi()["components"]["messages"].values():
        structs[message["title"]] = message["payload"]
    fields = {
        f"{name}.{field}" for name in structs for field in structs[name].get("properties", ())
    }
    for route in ROUTES:
        names = route.query.__struct_fields__ if route.query else ()  # type: ignore[attr-defined]
        fields |= {f"{route.query.__name__}.{name}" for name in names if route.query}

    assert set(_REFINEMENTS) - fields == set()


@pytest.mark.parametrize("media", list(examples()))
def test_every_example_is_of_its_schema(media: Mapping[str, Any]) -> None:
    """An example that does not fit its own schema teaches a lie."""
    validator = jsonschema_rs.validator_for(schema_of(openapi(), media["schema"]))

    assert [fault.message for fault in validator.iter_errors(media["example"])] == []


@pytest.mark.parametrize(("method", "path", "operation"), list(requests()))
async def test_the_hub_takes_every_example(
    http: httpx.AsyncClient, method: str, path: str, operation: Mapping[str, Any]
) -> None:
    """Each example of a body is answered with the documented success, of the documented shape."""
    job = (await http.post("/api/jobs", json={})).json()["job_id"]
    if path.endswith("/input"):
        await http.post(f"/api/jobs/{job}/status", json={"status": "NEEDS_INPUT"})
    key = (await http.post("/api/tokens", json={"name": "n", "roles": ["user"]})).json()["key"]
    body = operation["requestBody"]["content"]["application/json"]["example"]

    hook = (await http.post("/api/webhooks", json={"url": "https://example.com/a"})).json()["id"]
    ids = {"job_id": job, "token_id": key["id"], "webhook_id": hook}
    address = path.format(channel="orders.eu", **ids)
    answer = await http.request(method, address, json=body)

    documented = operation["responses"][str(answer.status_code)]
    schema = documented["content"]["application/json"]["schema"]
    assert answer.status_code < 300
    jsonschema_rs.validator_for(schema_of(openapi(), schema)).validate(answer.json())


async def test_history_holds_events_of_the_documented_shape(http: httpx.AsyncClient) -> None:
    """What stands in a history fits its schema; its events are more than any JSON."""
    operation = openapi()["paths"]["/contracts/history"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for(schema_of(openapi(), schema))
    await http.post("/update", json=CONTRACT)
    await http.post("/update", json={**CONTRACT, "timestamp": "2020-01-01T12:00:00"})

    page = (await http.get("/contracts/history")).json()

    assert [event["type"] for event in page["events"]] == ["contract_update", "contract_stale"]
    assert validator.is_valid(page)
    assert not validator.is_valid({**page, "events": [{"type": "contract_update"}]})


async def test_the_locations_are_those_of_this_hub(http: httpx.AsyncClient) -> None:
    """The list of locations is a setting, and so is the document's."""
    update = openapi()["components"]["schemas"]["ContractUpdate"]

    for location in update["properties"]["location"]["enum"]:
        answer = await http.post("/update", json={**CONTRACT, "location": location})
        assert answer.status_code == 200
