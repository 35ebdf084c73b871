"""Addresses: what a path leads to."""

from hypothesis import given, strategies as st
from starlette.routing import compile_path

from hub.transports.http.addresses import Addresses

PATTERNS = (
    "/update",
    "/api/jobs",
    "/api/jobs/{job_id}",
    "/api/jobs/{job_id}/status",
    "/api/jobs/{job_id}/artifacts/{name}",
    "/api/webhooks/{webhook_id}",
    "/api/webhooks/event-types",
    "/api/{kind}/newest/{name}",
    "/webhook/{client_id}",
)
PARTS = ("api", "jobs", "status", "webhooks", "event-types", "newest", "update", "", "x", "\n", "é")


@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_it_finds_what_a_router_would_match(parts: list[str]) -> None:
    """Every pattern that fits, with the same parameters; none that does not."""
    path = "/" + "/".join(parts)
    expected = {
        pattern: found.groupdict()
        for pattern in PATTERNS
        if (found := compile_path(pattern)[0].fullmatch(path))
    }

    assert dict(Addresses({pattern: pattern for pattern in PATTERNS}).find(path)) == expected


def test_the_least_general_comes_first() -> None:
    """Whatever the order in which they were told."""
    paths = ("/a/{x}/{y}", "/a/b/{y}", "/a/b/c", "/a/{x}/c", "/{w}/{x}/{y}")

    found = [path for path, _ in Addresses({path: path for path in paths}).find("/a/b/c")]

    assert found == ["/a/b/c", "/a/b/{y}", "/a/{x}/c", "/a/{x}/{y}", "/{w}/{x}/{y}"]


def test_parameters_are_named_by_their_places() -> None:
    """Two patterns of one form may name them differently."""
    addresses = Addresses({"/jobs/{job}/files/{name}": 1, "/tasks/{task}/files/{name}": 2})

    assert list(addresses.find("/tasks/t-1/files/a.txt")) == [(2, {"task": "t-1", "name": "a.txt"})]
