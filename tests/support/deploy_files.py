"""The files of `examples/deploy`, read."""

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from hub.settings import names

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples" / "deploy"
KNOWN = {name.env for name in names()}


def manifests(name: str) -> list[dict[str, Any]]:
    """Return the documents of a file of Kubernetes."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()))


def compose(path: Path) -> dict[str, Any]:
    """Return a file of Compose."""
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    return read


def assignments(text: str) -> dict[str, str]:
    """Return what a file of lines NAME=value sets, those behind a # too."""
    lines = [line.lstrip("#").strip() for line in text.splitlines()]
    pairs = [line.partition("=") for line in lines if "=" in line and " " not in line]
    return {name: value for name, _, value in pairs}
