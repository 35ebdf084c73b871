"""History over HTTP: the words of the query."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.running import CONTRACT

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = "2001-01-01T00:00:00Z"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a hub that has six updates of two contracts."""
    for n in range(6):
        city = ("Chennai", "Mumbai")[n % 2]
        await http.post("/update", json={**CONTRACT, "contract_id": f"c-{n % 2}", "location": city})
    return http


@pytest.mark.parametrize(
    ("query", "offsets", "next_"),
    [
        pytest.param({}, [1, 2, 3, 4, 5, 6], None, id="all"),
        pytest.param({"limit": 2}, [5, 6], 5, id="the last two"),
        pytest.param({"limit": 2, "before": 5}, [3, 4], 3, id="the two before"),
        pytest.param({"since": 4}, [5, 6], None, id="what follows"),
        pytest.param({"since": 0, "limit": 2}, [1, 2], 2, id="from the beginning"),
        pytest.param({"location": "Mumbai"}, [2, 4, 6], None, id="one city"),
        pytest.param({"contract_id": "c-0", "limit": 1}, [5], 5, id="one contract"),
        pytest.param({"location": "Delhi"}, [], None, id="a city where nothing is"),
        pytest.param({"since_time": START, "limit": 1}, [1], 1, id="since a time"),
        pytest.param({"since": 5, "since_time": START}, [6], None, id="an offset before a time"),
    ],
)
async def test_the_query_narrows_the_page(
    filled: httpx.AsyncClient, query: dict[str, Any], offsets: list[int], next_: int | None
) -> None:
    """Each word does what protocol.md says."""
    page = (await filled.get("/contracts/history", params=query)).json()

    assert [event["offset"] for event in page["events"]] == offsets
    assert page["next"] == next_
    assert (page["complete"], page["offset"], page["oldest"]) == (True, 6, 1)
    assert "reason" not in page


async def test_another_epoch_is_refused_with_a_reason(filled: httpx.AsyncClient) -> None:
    """A position of another log yields nothing, and says why."""
    page = (await filled.get("/contracts/history", params={"since": 1, "epoch": "old"})).json()

    assert (page["events"], page["complete"], page["reason"]) == ([], False, "epoch_changed")


async def test_every_channel_has_its_history(filled: httpx.AsyncClient) -> None:
    """`/api/channels/contracts/history` is the same page; an unknown channel is empty."""
    contracts = await filled.get("/contracts/history")
    same = await filled.get("/api/channels/contracts/history")
    empty = await filled.get("/api/channels/orders/history")

    assert same.json() == contracts.json()
    assert (empty.json()["events"], empty.json()["offset"]) == ([], 0)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        pytest.param("/contracts/history", "limit=0", "limit", id="a limit of nothing"),
        pytest.param("/contracts/history", "limit=1001", "limit", id="a limit over 1000"),
        pytest.param("/contracts/history", "limit=ten", "limit", id="a limit in words"),
        pytest.param("/contracts/history", "limit=", "limit", id="an empty limit"),
        pytest.param("/contracts/history", "since=-1", "since", id="an offset below zero"),
        pytest.param("/contracts/history", f"since={2**63}", "since", id="an offset over 64 bits"),
        pytest.param("/contracts/history", "before=1.5", "before", id="a fraction"),
        pytest.param("/contracts/history", "since_time=now", "since_time", id="a time in words"),
        pytest.param("/contracts/history", "location=%00", "location", id="a NUL"),
        pytest.param("/contracts/history", "sort=asc", "sort", id="an unknown word"),
        pytest.param("/api/channels/orders/history", "location=x", "location", id="not here"),
        pytest.param("/api/jobs", "limit=-1", "limit", id="jobs: a negative limit"),
        pytest.param("/api/jobs", "status=BUSY", "status", id="jobs: an unknown status"),
        pytest.param("/api/jobs", "before=yesterday", "before", id="jobs: no page token"),
        pytest.param("/api/jobs", "before=1", "before", id="jobs: half a page token"),
        pytest.param("/api/jobs", f"before={'9' * 40}.x", "before", id="jobs: a huge page token"),
        pytest.param("/api/jobs/nobody", "include_history=maybe", "include_history", id="maybe"),
    ],
)
async def test_garbage_in_the_query_is_named(
    http: httpx.AsyncClient, path: str, query: str, field: str
) -> None:
    """422 with the parameter, what was expected and what came; never a 500."""
    answer = await http.get(f"{path}?{query}")

    problem = answer.json()
    assert answer.status_code == 422, problem
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert all(fault["expected"] and len(fault["got"]) <= 80 for fault in problem["errors"])


@pytest.mark.parametrize(
    "query", ["%ff%fe", "&&==&", "limit=5&limit=6", "%", "a" * 20_000, "location=%ed%a0%80"]
)
async def test_a_broken_query_is_no_fault_of_ours(http: httpx.AsyncClient, query: str) -> None:
    """Whatever stands behind the question mark, the answer is a page or a clear refusal."""
    answer = await http.get(f"/contracts/history?{query}")

    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("name", ["Orders", "a b", "x" * 129, "%00"])
async def test_what_is_no_channel_has_no_history(http: httpx.AsyncClient, name: str) -> None:
    """404, or 400 where the address itself cannot be."""
    answer = await http.get(f"/api/channels/{name}/history")

    assert answer.json()["code"] in {"channel_not_found", "invalid_request"}
