"""What people read: the dashboard, the documents, and how they are sent."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from hub import __version__
from hub.transports.http.pages import prefers_html
from hub.transports.http.site.contents import ENTRIES
from hub.transports.http.site.layout import Place, page
from hub.transports.http.site.links import served
from hub.transports.http.site.static import dashboard_leaves

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
ADDRESSES = [
    "/docs",
    "/docs/errors",
    "/docs/errors/not_found",
    "/docs/protocol",
    "/docs/settings",
    "/docs/metrics",
    "/docs/errors/4412",
    "/docs/fanout.svg",
    "/docs/protocol.md",
    "/docs/search.json",
    "/docs/openapi",
    "/docs/asyncapi",
    "/web/openapi.css",
    "/web/openapi.js",
    "/web/swagger-ui/LICENSE.txt",
    "/web/swagger-ui/swagger-ui.css",
    "/web/swagger-ui/swagger-ui-bundle.js",
    "/llms.txt",
    "/llms-full.txt",
    "/openapi.json",
    "/asyncapi.json",
    "/web/client/index.js",
    "/web/dashboard/app.js",
    "/web/dashboard/css/base.css",
    "/web/docs.css",
    "/web/docs.js",
    "/web/search.js",
    "/web/tokens.css",
    "/web/icon.svg",
]


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        pytest.param(BROWSER, True, id="a browser"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("", False, id="nothing said"),
        pytest.param("application/json", False, id="a program"),
        pytest.param("application/json, text/html;q=0.5", False, id="JSON rather than HTML"),
        pytest.param("application/json;q=0.5, text/html", True, id="HTML rather than JSON"),
        pytest.param("application/json, text/html", True, id="both alike"),
        pytest.param("text/html;q=0", False, id="anything but HTML"),
        pytest.param("text/html;q=much", False, id="a weight that is none"),
        pytest.param("TEXT/HTML", True, id="upper case"),
    ],
)
def test_a_page_goes_to_those_who_ask_for_one(accept: str, html: bool) -> None:  # noqa: FBT001
    """HTML only where it is named, and no less wished for than JSON."""
    assert prefers_html(accept) is html


def test_the_root_tells_programs_about_the_hub(reader: httpx.Client) -> None:
    """Seed 4's `GET /`: name, version, and addresses that all answer."""
    answer = reader.get("/")

    told = answer.json()
    assert told["name"] == "hub"
    assert told["version"] == __version__
    assert answer.headers["vary"] == "Accept"
    for name in ("docs", "openapi", "asyncapi", "errors", "health", "ready", "metrics"):
        assert (reader.get(told[name])).status_code == 200
    assert (reader.get(told["websocket"])).status_code == 426
    assert reader.head(told["events"]).headers["content-type"] == "text/event-stream"


def test_the_root_shows_people_the_dashboard(reader: httpx.Client) -> None:
    """A browser gets a page whose parts are all served by this hub."""
    answer = reader.get("/", headers={"accept": BROWSER})

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    for part in re.findall(r'(?:src|href)="(/[^"#]*)"', answer.text):
        assert (reader.get(part)).status_code == 200, part


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_are_sent_with_care(reader: httpx.Client, address: str) -> None:
    """Of a declared type that is not guessed at, in nobody's frame, asked about when kept."""
    answer = reader.get(address)

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("address", ["/", *ADDRESSES])
def test_head_tells_what_get_would(reader: httpx.Client, address: str) -> None:
    """The same headers, and no body."""
    got = reader.get(address)

    told = reader.head(address)

    assert told.status_code == 200
    assert told.content == b""
    names = ("content-type", "content-length", "etag")
    assert [told.headers[name] for name in names] == [got.headers[name] for name in names]


@pytest.mark.parametrize("address", ["/", *ADDRESSES])
def test_what_is_known_is_not_sent_again(reader: httpx.Client, address: str) -> None:
    """With the ETag of what it has a browser gets 304, with another one the page."""
    etag = (reader.get(address)).headers["etag"]

    known = reader.get(address, headers={"if-none-match": f'"other", W/{etag}'})
    other = reader.get(address, headers={"if-none-match": '"other"'})

    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == etag
    assert other.status_code == 200


def test_a_slash_at_the_end_does_no_harm(reader: httpx.Client) -> None:
    """People type it."""
    assert (reader.get("/docs/")).text == (reader.get("/docs")).text


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("/nowhere", id="unknown"),
        pytest.param("/docs/errors/no_such_code", id="unknown code"),
        pytest.param("/web/page.html", id="file that is not served"),
        pytest.param("/web/../app.py", id="file outside the folder"),
        pytest.param("/web/%2e%2e/app.py", id="the same, encoded"),
    ],
)
def test_an_unknown_address_is_refused(reader: httpx.Client, address: str) -> None:
    """A program gets the problem document, a person the page that explains it."""
    answer = reader.get(address)
    page = reader.get(address, headers={"accept": BROWSER})

    assert (answer.status_code, page.status_code) == (404, 404)
    assert answer.json()["code"] == "not_found"
    assert "Nothing is at this address" in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("address", ["/", "/docs"])
def test_pages_can_only_be_read(reader: httpx.Client, method: str, address: str) -> None:
    """Another method is 405, and Allow says which ones there are."""
    answer = reader.request(method, address)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_text_of_a_page_is_never_markup() -> None:
    """Neither HTML nor a script address in a text becomes part of the page (CWE-79)."""
    text = "# A <b>title</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))"

    made = page(text, Place("/x", summary='"><u>'), version="<i>1</i>").decode()

    assert "<title>A &lt;b&gt;title&lt;/b&gt; · Hub</title>" in made
    assert "<script>" not in made
    assert not re.search("<[biu]>", made)
    assert 'href="javascript' not in made


def sources(suffix: str) -> Mapping[str, str]:
    """Return the files of the dashboard of a kind, by their names."""
    folder = Path(str(files("hub").joinpath("web")))
    return {file.name: file.read_text() for file in sorted(folder.rglob(f"*{suffix}"))}


def test_the_dashboard_sets_values_as_text_only() -> None:
    """No way from an event's fields to markup or code, whatever the policy allows (CWE-79)."""
    for name, script in sources(".js").items():
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in script, name


def test_no_page_has_inline_code_or_style() -> None:
    """The policy would block it."""
    for name, text in sources(".html").items():
        found = re.search(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son\w+=", text)
        assert found is None, name


def test_every_file_of_the_dashboard_is_served(reader: httpx.Client) -> None:
    """What a script or a sheet asks for is there, and each file is short enough to be read."""
    for name, script in sources(".js").items():
        assert len(script.splitlines()) < 300, name
    for path, leaf in dashboard_leaves().items():
        answer = reader.get(path)
        assert (answer.status_code, answer.content) == (200, leaf.make()), path
        for wanted in re.findall(r'(?:from|import) "([./][^"]+)"', answer.text):
            assert reader.get(urljoin(path, wanted)).status_code == 200, (path, wanted)


def test_the_page_keeps_a_token_in_its_tab_only(reader: httpx.Client) -> None:
    """It goes into the first frame: no form could send it, no address and no disk holds it."""
    scripts = sources(".js")

    field = re.search(r'h\("input", \{(.*?)\}', scripts["prompt.js"], re.DOTALL)
    assert field is not None
    assert 'type: "password"' in field[1]
    assert " name:" not in field[1]
    assert "sessionStorage" in scripts["session.js"]
    for name, script in scripts.items():
        assert not re.search(r"document\.cookie|[?&]token=|indexedDB", script), name
    # What is kept for good is how the page looks, and no more.
    assert [name for name, text in scripts.items() if "localStorage" in text] == ["theme.js"]
    assert reader.get("/web/dashboard/session.js").status_code == 200


def test_every_page_can_be_read_as_markdown(reader: httpx.Client) -> None:
    """The address with `.md`; its links lead to Markdown, too."""
    answer = reader.get("/docs/webhooks.md")

    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Webhooks\n")
    assert "(/docs/metrics.md)" in answer.text
    for target in re.findall(r"\]\((/[^)#]*)", answer.text):
        assert reader.get(target).status_code == 200, target


def test_the_list_for_language_models_names_every_page(reader: httpx.Client) -> None:
    """As llms.txt has it: a title, a paragraph, the pages with a line on each; all are there."""
    told = reader.get("/llms.txt").text
    whole = reader.get("/llms-full.txt").text

    lines = told.splitlines()
    assert lines[0] == "# Hub"
    assert lines[2].startswith("> ")
    links = re.findall(r"^- \[[^\]]+\]\((/[^)]+)\): .+$", told, re.MULTILINE)
    assert [f"{entry.address}.md" for entry in ENTRIES] == [one for one in links if ".md" in one]
    for address in links:
        assert reader.get(address).status_code == 200, address
    for entry in ENTRIES:
        assert reader.get(f"{entry.address}.md").text in whole


def test_the_search_knows_every_heading(reader: httpx.Client) -> None:
    """Each hit leads to a heading that is there."""
    hits = reader.get("/docs/search.json").json()

    pages = {address: reader.get(address.partition("#")[0]).text for address, *_ in hits}
    for address, title, heading, _ in hits:
        anchor = address.partition("#")[2]
        assert title
        assert not anchor or f'id="{anchor}"' in pages[address]
        assert bool(anchor) == bool(heading)
    assert len(hits) > 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[a](settings.md#x)", "[a](/docs/settings#x)", id="a page"),
        pytest.param("[a](start.md)", "[a](/docs)", id="the first page"),
        pytest.param("[a](../hub/web/errors/x.md)", "[a](/docs/errors/x)", id="an error"),
        pytest.param("![a](pictures/x.png)", "![a](/docs/pictures/x.png)", id="a picture"),
        pytest.param("[a](#x)", "[a](#x)", id="the same page"),
        pytest.param("[a](https://x.example)", "[a](https://x.example)", id="elsewhere"),
        pytest.param("[`a`](../examples/x.py)", "`a`", id="a file that is not served"),
        pytest.param("[a](plan.md)", "a", id="a page that is not served"),
        pytest.param("`/metrics`", "[`/metrics`](/metrics)", id="an address in code"),
        pytest.param("`f[x](settings.md)`", "`f[x](settings.md)`", id="code"),
        pytest.param("    f[x](settings.md)", "    f[x](settings.md)", id="a block of code"),
        pytest.param("```py\n[x](settings.md)\n```", "```py\n[x](settings.md)\n```", id="a fence"),
    ],
)
def test_links_between_files_become_addresses(text: str, expected: str) -> None:
    """The same text is right in the repository and on a hub."""
    assert served(text) == expected


def test_a_page_for_the_lost_is_never_the_known_one(reader: httpx.Client) -> None:
    """A cache keeps it for people only, and 304 would say that something is there."""
    page = reader.get("/docs/nowhere", headers={"accept": BROWSER})
    again = {"accept": BROWSER, "if-none-match": page.headers["etag"]}

    assert page.headers["vary"] == "Accept"
    assert reader.get("/docs/nowhere", headers=again).status_code == 404
    assert reader.post("/docs/nowhere", headers={"accept": BROWSER}).json()["code"] == "not_found"
