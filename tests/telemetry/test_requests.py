"""Requests: counted by route and end, in as many series as there are routes."""

from hub.telemetry.requests import OTHER, Kind, Requests

UPDATE: tuple[str, Kind] = ("updateContract", "answer")
STREAM: tuple[str, Kind] = ("followEvents", "stream")
UPLOAD: tuple[str, Kind] = ("uploadArtifact", "transfer")


def test_a_request_counts_by_its_route_and_the_class_of_its_status() -> None:
    """The first error of a route is seen as a step from zero, not as a series that begins."""
    requests = Requests()

    for status in (200, 202, 503, 0):
        requests.note(UPDATE, status, 0.01)

    assert requests.by_class() == {
        ("updateContract", "none"): 1,
        ("updateContract", "2xx"): 2,
        ("updateContract", "3xx"): 0,
        ("updateContract", "4xx"): 0,
        ("updateContract", "5xx"): 1,
    }


def test_addresses_that_nobody_has_are_one_series() -> None:
    """A scanner makes no series."""
    requests = Requests()

    for _ in range(1_000):
        requests.note(OTHER, 404, 0.001)

    assert {name for name, _ in requests.by_class()} == {"other"}


def test_a_stream_has_no_time() -> None:
    """It lasts as long as somebody listens: an hour is not a slow answer."""
    requests = Requests()
    requests.note(STREAM, 200, 3_600.0)
    requests.note(UPDATE, 200, 0.5)

    assert list(requests.seconds()) == ["updateContract"]
    assert requests.by_class()["followEvents", "2xx"] == 1


def test_only_answers_say_how_fast_the_hub_is() -> None:
    """A large file over a slow network takes its time."""
    requests = Requests()
    requests.note(UPLOAD, 200, 600.0)
    requests.note(UPDATE, 200, 0.5)
    requests.note(OTHER, 404, 0.25)

    assert requests.answers() == (2, 0.75)
    assert requests.seconds()["uploadArtifact"].total == 600.0
