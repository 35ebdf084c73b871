"""What the package says about itself: codes, names, versions."""

import itertools
import pickle
from pathlib import Path

import pytest

import hub_client
from hub_client import HistoryGap, HubError, errors
from hub_client.address import USER_AGENT
from hub_client.errors import SEED_ERRORS

README = Path(hub_client.__file__).parents[2] / "README.md"
CLASSES = HubError.__subclasses__()


def test_the_seven_codes_are_seven_classes() -> None:
    """Each E_ code of the contract is one exception, and there are no others."""
    assert set(SEED_ERRORS) == {
        "E_JOB_NOT_FOUND",
        "E_WEBHOOK_FAILED",
        "E_INVALID_STATUS",
        "E_NETWORK_ERROR",
        "E_TIMEOUT",
        "E_AUTHENTICATION_FAILED",
        "E_SERIALIZATION_ERROR",
    }


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_is_in_the_tree_and_in_the_readme(kind: type[HubError]) -> None:
    """A class that users can meet is listed where they look for it."""
    assert f"`{kind.__name__}`" in (errors.__doc__ or "")
    assert f"`{kind.__name__}`" in README.read_text()
    assert kind.__name__ in hub_client.__all__


def test_codes_are_unique() -> None:
    """One code, one meaning."""
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


def test_help_is_the_hubs_page_for_the_code() -> None:
    """Help is the page the hub named, else the page of the code, at the hub's address."""
    plain = HubError("x", code="E_TIMEOUT")
    named = HubError("x", help_url="/docs/errors/other")
    plain.base = named.base = "http://h:1"

    assert plain.help == "http://h:1/docs/errors/E_TIMEOUT"
    assert named.help == "http://h:1/docs/errors/other"


def test_an_error_survives_pickling() -> None:
    """Errors cross process borders, as task queues need."""
    gap = HistoryGap("gone", channel="jobs", from_offset=1, to_offset=4, position="e:4")

    copy = pickle.loads(pickle.dumps(gap))  # noqa: S301 - our own bytes

    assert (copy.channel, copy.to_offset, copy.position, copy.code) == (
        "jobs",
        4,
        "e:4",
        "history_gap",
    )


def test_the_exports_are_sorted_and_there() -> None:
    """Every public name exists, once, in order."""
    assert list(hub_client.__all__) == sorted(set(hub_client.__all__))
    assert all(hasattr(hub_client, name) for name in hub_client.__all__)


def test_the_hub_is_told_the_version() -> None:
    """The User-Agent names this version."""
    assert f"hub-client/{hub_client.__version__}" == USER_AGENT


def test_the_client_stands_alone() -> None:
    """No module of the client imports the server, pydantic or attrs."""
    for path in Path(hub_client.__file__).parent.rglob("*.py"):
        words = path.read_text().replace(",", " ").split()
        pairs = set(itertools.pairwise(words))
        for name in ("hub", "pydantic", "attrs", "attr"):
            assert ("import", name) not in pairs
            assert ("from", name) not in pairs
