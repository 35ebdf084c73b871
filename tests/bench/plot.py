"""Draws docs/fanout.svg from docs/fanout.json when its figures changed: `python -m bench.plot`."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
WIDTH, BAR, GAP, LEFT, RIGHT = 760, 18, 6, 120, 70
PANEL = (WIDTH - 2 * (LEFT + RIGHT)) // 2
OURS, OTHERS = "#2563eb", "#9ca3af"


def main() -> int:
    """Write the picture."""
    figures = json.loads((DOCS / "fanout.json").read_text())
    (DOCS / "fanout.svg").write_text(draw(figures))
    return 0


def draw(figures: Mapping[str, Mapping[str, object]]) -> str:
    """Return the picture: a row a load, beside each other processor time and latency."""
    parts: list[str] = []
    top = 10
    for load in figures.values():
        cpu, tail = load["cpu_us"], load["p99_ms"]
        assert isinstance(cpu, dict)
        assert isinstance(tail, dict)
        parts += [_text(10, top + 14, str(load["title"]), weight=600)]
        parts += _bars("CPU a delivery, us", cpu, 0, top + 24)
        parts += _bars("p99 latency, ms", tail, LEFT + PANEL + RIGHT, top + 24)
        top += 60 + len(cpu) * (BAR + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" '
        f'viewBox="0 0 {WIDTH} {top}" font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _bars(title: str, values: Mapping[str, float], left: int, top: int) -> Iterator[str]:
    yield _text(left + LEFT, top + 12, title, fill="#4b5563")
    most = max(values.values())
    for at, (name, value) in enumerate(values.items()):
        y = top + 20 + at * (BAR + GAP)
        length = max(1, round(PANEL * value / most))
        fill = OURS if name == "hub" else OTHERS
        yield _text(left + LEFT - 8, y + 13, name, anchor="end")
        yield f'<rect x="{left + LEFT}" y="{y}" width="{length}" height="{BAR}" fill="{fill}"/>'
        yield _text(left + LEFT + length + 6, y + 13, f"{value:g}")


def _text(
    x: int, y: int, text: str, *, anchor: str = "start", weight: int = 400, fill: str = "#111827"
) -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}" fill="{fill}"'
    return f'<text x="{x}" y="{y}" {style}>{text}</text>'


if __name__ == "__main__":
    sys.exit(main())
