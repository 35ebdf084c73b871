"""What the JavaScript client says of the end of a connection, beside what the hub says of it."""

import json
import subprocess

from hub.transports.http.documents.closes import CLOSES
from support.javascript import FOLDER, node


def said(program: str) -> dict[str, str]:
    """Return what a program that imports the client's own modules writes, as JSON."""
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", program],
        cwd=FOLDER, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_it_has_the_hubs_word_for_each_code() -> None:
    """A word that is missing here is lost where a proxy drops the reason; in a stream it is all."""
    program = 'import { NAMES } from "./src/closing.js"; console.log(JSON.stringify(NAMES));'

    names = said(program)

    assert {int(code): word for code, word in names.items() if code != "1005"} == {
        close.code: close.word for close in CLOSES
    }
