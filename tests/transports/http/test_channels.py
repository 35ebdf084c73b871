"""Channels over HTTP: made, changed, listed; every refusal says what was expected."""

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_channel_is_made_listed_and_changed(fresh: httpx.AsyncClient) -> None:
    """201 the first time, 200 afterwards; its events count, its followers are told."""
    made = await fresh.put("/api/channels/orders.eu", json={"history": {"max_events": 10}})
    await fresh.post("/api/channels/orders.eu/events", json={"type": "placed", "data": {}})
    changed = await fresh.put("/api/channels/orders.eu", json={"durable": True, "history": None})
    listed = (await fresh.get("/api/channels")).json()["channels"]
    one = (await fresh.get("/api/channels/orders.eu")).json()

    assert (made.status_code, changed.status_code) == (201, 200)
    assert made.json()["history"] == {"max_events": 10, "max_age_h": None}
    assert one == {
        "channel": "orders.eu", "built_in": False, "durable": True, "history": None,
        "readers": None,
        "head": 1, "oldest": 1, "followers": 0,
    }  # fmt: skip
    assert one in listed
    assert len(listed) == 7


@pytest.mark.parametrize(
    ("channel", "body", "status", "code", "told"),
    [
        pytest.param("jobs", {}, 403, "reserved_channel", "built in", id="a built-in channel"),
        pytest.param("Orders", {}, 404, "channel_not_found", "orders.eu", id="no name"),
        pytest.param("a", {"durable": 1}, 422, "validation_failed", "true or false", id="no bool"),
        pytest.param("a", {"who": 1}, 422, "validation_failed", "no such field", id="no field"),
        pytest.param(
            "a", {"history": {"max_events": 0}}, 422, "validation_failed", ">= 1", id="no events"
        ),
        pytest.param(
            "a",
            {"durable": False, "history": {"max_age_h": 1}},
            422, "validation_failed", "keeps no history", id="a history of nothing",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_definition_is_refused(
    http: httpx.AsyncClient, channel: str, body: object, status: int, code: str, told: str
) -> None:
    """Nothing is made of it."""
    answer = await http.put(f"/api/channels/{channel}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert told in answer.text
    assert (await http.get("/api/channels/a")).status_code == 404


async def test_a_durable_channel_does_not_become_volatile(http: httpx.AsyncClient) -> None:
    """It has events, and clients with positions among them."""
    await http.post("/api/channels/orders/events", json={"type": "placed", "data": {}})

    answer = await http.put("/api/channels/orders", json={"durable": False})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "take another name for a volatile channel" in answer.json()["detail"]


async def test_a_channel_that_is_not_there_is_a_404(http: httpx.AsyncClient) -> None:
    """With the hub's own code."""
    answer = await http.get("/api/channels/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "channel_not_found")
