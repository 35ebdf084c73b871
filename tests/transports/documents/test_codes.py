"""Every code has a page, every page a code, and every word for help leads somewhere."""

from importlib.resources import files

import httpx
import pytest

import hub_client.errors as sdk
from hub import errors
from hub.errors import HubError
from hub.transports.http.documents.closes import CLOSES
from hub.transports.http.site.codes import Code, all_codes, tree
from hub_client.listening.closing import FINAL_HUB, FINAL_RFC, NAMES

SECTIONS = ["## What it means", "## What to do", "## Why it happens"]
CODES = pytest.mark.parametrize("code", all_codes(), ids=lambda code: code.code)


def test_every_error_of_the_hub_is_listed() -> None:
    """Each class in `hub.errors`, with its status and its close code."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    listed = {code.code: code for code in all_codes()}

    for kind in (kind for kind in kinds if issubclass(kind, HubError)):
        assert listed[kind.code].source == "hub"
        assert kind.close_code in {None, listed[kind.code].close_code}
    assert listed["E_INVALID_STATUS"].statuses == (409, 422)
    assert listed["draining"] == Code("draining", (503,), 4412, retryable=True, source="hub")


def test_codes_are_listed_by_status() -> None:
    """Where somebody looks them up, whatever module of the hub says them; without a status last."""
    said = [code.statuses[0] if code.statuses else 10_000 for code in all_codes()]

    assert said == sorted(said)


def test_retryable_is_one_thing_a_code() -> None:
    """Two errors of one code must agree on whether to try again: programs branch on the code."""
    verdicts: dict[str, set[bool]] = {}
    for kind in tree(HubError):
        verdicts.setdefault(kind.code, set()).add(kind.retryable)

    assert [code for code, verdict in verdicts.items() if len(verdict) > 1] == []


def test_the_words_of_the_sdk_are_listed() -> None:
    """Each class of the SDK's errors that is a failure of its own, with its verdict."""
    listed = {code.code: code.retryable for code in all_codes()}
    kinds: list[type[sdk.HubError]] = [
        *sdk.SEED_ERRORS.values(),
        sdk.RequestRefused,
        sdk.HistoryGap,
    ]

    assert {kind.code: listed[kind.code] for kind in kinds} == {
        kind.code: kind.retryable for kind in kinds
    }


@CODES
def test_every_code_has_a_page(code: Code) -> None:
    """A page has a title and says what it means, what to do, and why it happens."""
    title, *lines = code.page.splitlines()

    assert title.startswith("# ")
    assert [line for line in lines if line.startswith("#")] == SECTIONS
    assert all(part.strip() for part in code.page.split("## "))


def test_no_page_is_left_over() -> None:
    """A page of a code that is gone would be found by nobody, and believed by some."""
    pages = {
        file.name.removesuffix(".md") for file in files("hub").joinpath("web/errors").iterdir()
    }

    assert pages == {code.code for code in all_codes()}


@CODES
def test_every_page_is_served(reader: httpx.Client, code: Code) -> None:
    """The `type` of a problem and the `help` of an error are addresses that answer."""
    answer = reader.get(f"/docs/errors/{code.code}")

    assert answer.status_code == 200
    assert code.code in answer.text
    assert "What to do" in answer.text


def test_every_way_a_connection_ends_is_explained(reader: httpx.Client) -> None:
    """The SDK points to a close by its word, the dashboard by its number: both are served."""
    for number, word in NAMES.items():
        for name in (str(number), word):
            assert (reader.get(f"/docs/errors/{name}")).status_code == 200, name
    by_number, by_word = reader.get("/docs/errors/4503"), reader.get("/docs/errors/forbidden")
    assert by_number.text == by_word.text


def test_hub_and_sdk_agree_on_who_comes_back() -> None:
    """The verdict on a close code is the same on both sides."""
    assert {close.code: close.word for close in CLOSES} == NAMES
    for close in CLOSES:
        final = close.code in FINAL_RFC or close.code in FINAL_HUB
        assert close.comes_back is not final, close


def test_a_refusal_names_its_page(reader: httpx.Client) -> None:
    """Whoever follows the `type` of a problem finds out what to do."""
    problem = (reader.get("/api/jobs/none")).json()

    page = reader.get(problem["type"])

    assert problem["code"] == "E_JOB_NOT_FOUND"
    assert "No job has this id" in page.text
