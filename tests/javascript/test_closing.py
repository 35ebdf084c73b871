"""What the JavaScript client says of the end of a connection, beside what the hub says of it."""

import json
import subprocess
from typing import Any

import httpx

from hub.transports.http.documents.closes import CLOSES
from support.javascript import FOLDER, node
from support.running import HubProcess

HELPS = """
import { answered, broken, closed, illegible, nobody } from "./src/closing.js";

const words = ["timeout", "heartbeat_timeout", "network_error"];
const tokens = ["token_pending", "token_refused", "token_unavailable"];
const codes = Array.from({ length: 4000 }, (_, at) => 1000 + at);
const losses = [
  ...[...words, ...tokens].map((word) => broken(word)),
  ...codes.flatMap((code) => [closed(code, ""), closed(code, "bye")]),
  ...[400, 401, 403, 404, 429, 500, 502, 503, 504].map((status) => answered(status, {})),
  illegible(""),
  nobody(""),
];
console.log(JSON.stringify([...new Set(losses.map(({ error }) => error.help))]));
"""


def said(program: str) -> Any:
    """Return what a program that imports the client's own modules writes, as JSON."""
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", program],
        cwd=FOLDER, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_it_has_the_hubs_word_for_each_code() -> None:
    """A word that is missing here is lost where a proxy drops the reason; in a stream it is all."""
    program = 'import { NAMES } from "./src/closing.js"; console.log(JSON.stringify(NAMES));'

    names = said(program)

    assert {int(code): word for code, word in names.items() if code != "1005"} == {
        close.code: close.word for close in CLOSES
    }


def test_whatever_ends_a_connection_has_a_page_that_helps(hub: HubProcess) -> None:
    """Also what the client says by itself, and what nobody knows."""
    helps = said(HELPS)

    with httpx.Client(base_url=hub.url) as http:
        answers = {page: http.get(page).status_code for page in helps}

    assert len(helps) > 20
    assert {page for page, status in answers.items() if status != 200} == set()
