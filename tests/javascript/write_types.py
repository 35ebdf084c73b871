"""`python tests/javascript/write_types.py`: write the JavaScript client's types of the wire."""

import json
import subprocess
from pathlib import Path

from support.documents import asyncapi, openapi
from support.javascript import FOLDER, node

PATH = FOLDER / "src/types.d.ts"


def written(script: Path = FOLDER / "scripts/types.js") -> str:
    """Return the types as the hub's documents have them now."""
    documents = json.dumps({"openapi": openapi(), "asyncapi": asyncapi()})
    done = subprocess.run(
        [node(), str(script)], input=documents, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    PATH.write_text(written())
