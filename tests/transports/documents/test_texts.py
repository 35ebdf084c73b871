"""The written documents: examples hold, links lead somewhere, copies are fresh."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest

from hub.realtime import commands
from hub.transports.http.documents.closes import CLOSES
from hub.transports.http.site.contents import NAMES
from hub.transports.http.site.markup import rendered
from hub.transports.http.site.repository import copies
from hub.transports.http.site.texts import read_page
from hub.transports.websocket.credentials import BEARER
from support.documents import asyncapi, openapi, schema_of

ROOT = Path(__file__).parents[3]
PAGES = sorted(NAMES)
CURL = re.compile(
    r"curl (?:-X (\w+) )?http://localhost:8000(\S+) \\\n  -H '(.+): (.+)' \\\n  -d '(.+)'\n",
    re.DOTALL,
)
DOCS = ["asyncapi.md", "errors.md", "metrics.md", "settings.md"]


def fenced(page: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield each block of a language: what it is said to hold, and its lines."""
    block = re.compile(rf"^```{language}(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
    for match in block.finditer(read_page(page)):
        yield match[1].strip(), match[2]


def values(block: str) -> Iterator[Any]:
    """Yield each JSON value of a block; one may take several lines."""
    rest = block.strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].strip()
        yield value


def examples() -> list[Any]:
    """Return each JSON example with what it is said to be."""
    return [
        pytest.param(label, value, id=f"{page}: {label} {number}")
        for page in PAGES
        for number, (label, block) in enumerate(fenced(page, "json"))
        for value in values(block)
    ]


def schema_named(label: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a frame, by its direction and type, or of a body, by its name."""
    messages = asyncapi()["components"]["messages"]
    # An event of a type that is nobody's own is one of a custom channel.
    for key in (f"{label}.{value.get('type')}", f"{label}.custom"):
        if key in messages:
            return schema_of(asyncapi(), messages[key]["payload"])
    return schema_of(openapi(), openapi()["components"]["schemas"][label])


@pytest.mark.parametrize(("label", "value"), examples())
def test_every_json_example_is_what_it_is_said_to_be(label: str, value: dict[str, Any]) -> None:
    """An example that does not fit its type would send a reader astray."""
    jsonschema_rs.validator_for(schema_named(label, value)).validate(value)
    if label == "command":
        assert (
            msgspec.to_builtins(commands.read(json.dumps(value).encode())).items() >= value.items()
        )


def test_the_protocol_tells_of_every_message_and_every_close() -> None:
    """Whoever writes a client has this page alone."""
    text = read_page("protocol")
    messages = {name.partition(".")[2] for name in asyncapi()["components"]["messages"]} - {
        "custom"
    }
    closes = {str(one.code) for one in CLOSES if one.code >= 4000}

    told = {word for word in messages | closes if re.search(rf"[\"`| ]{word}[\"`| ,.:]", text)}

    assert told == (messages | closes)


def test_the_protocol_tells_how_one_comes_in() -> None:
    """Each way of a credential that the hub takes, and who is locked out by which request."""
    text = read_page("protocol")
    ways = ["/api/ws/ticket", "/ws?ticket=", BEARER, "Authorization: Bearer", "/api/revocations"]

    assert [way for way in ways if way not in text] == []


def test_every_curl_example_is_taken(reader: httpx.Client) -> None:
    """Each command that a newcomer copies is answered with success."""
    job_id, sent = "none", 0
    blocks = [block for page in ("start", *sorted(NAMES)) for _, block in fenced(page, "sh")]
    for block in blocks:
        found = CURL.fullmatch(block)
        if found is None or "shop.example" in block:
            assert not block.startswith("curl") or "$HUB_TOKEN" in block or "shop.example" in block
            continue
        method, path, name, value, body = found.groups()
        answer = reader.request(
            method or "POST",
            path.replace("JOB_ID", job_id),
            headers={name: value},
            content=body.replace("JOB_ID", job_id),
        )
        assert answer.is_success, answer.text
        job_id = answer.json().get("job_id", job_id)
        sent += 1
    assert sent > 7


def test_python_examples_compile() -> None:
    """Each Python example can be pasted."""
    blocks = [block for page in PAGES for _, block in fenced(page, "python")]

    for block in blocks:
        compile(block, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert len(blocks) > 5


@pytest.mark.parametrize("page", ["jobs"])
def test_python_examples_do_what_they_say(page: str, reader: httpx.Client) -> None:
    """Each is run as it stands, against a hub."""
    for _, block in fenced(page, "python"):
        exec(block.replace("http://localhost:8000", str(reader.base_url)), {})  # noqa: S102

    statuses = [job["status"] for job in reader.get("/api/jobs").json()["jobs"]]
    assert statuses[:3] == ["DONE", "RUNNING", "DONE"]


def test_every_link_leads_somewhere(reader: httpx.Client) -> None:
    """No link on any page of the hub is dead, and no anchor without its heading."""
    waiting, seen = ["/docs"], set()
    pages: dict[str, str] = {}
    while waiting:
        address = waiting.pop()
        path, _, anchor = address.partition("#")
        if path not in seen:
            seen.add(path)
            answer = reader.get(path)
            assert answer.status_code == 200, address
            pages[path] = answer.text
            if "text/html" in answer.headers["content-type"]:
                waiting += re.findall(r'href="(/[^"]*)"', answer.text)
        assert not anchor or f'id="{anchor}"' in pages[path], address
    assert len(seen) > 40


@pytest.mark.parametrize("name", DOCS)
def test_copies_in_the_repository_are_fresh(name: str) -> None:
    """`docs/` says what the hub says; `python -m hub.transports.http.site` makes it so."""
    assert (ROOT / "docs" / name).read_text() == copies()[name]


@pytest.mark.parametrize("file", sorted((ROOT / "docs").rglob("*.md")), ids=lambda file: file.stem)
def test_links_between_files_lead_to_files(file: Path) -> None:
    """A reader of the repository can follow them, to a heading too."""
    for target in re.findall(r"\]\((?!https?:|/)([^)\s]+)\)", file.read_text()):
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), target
        if anchor:
            headings = {one.anchor for one in rendered(found.read_text()).sections}
            assert anchor in headings, target


def test_every_page_is_in_the_contents_and_every_entry_is_a_page() -> None:
    """A file in `docs/` is served, unless it is only for those who build the hub."""
    files = {file.stem for file in (ROOT / "docs").glob("*.md")}

    assert files - {"plan"} == NAMES
