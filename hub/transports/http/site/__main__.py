"""`python -m hub.transports.http.site`: write the generated pages into `docs/`."""

from pathlib import Path

from hub.transports.http.site.repository import copies


def main() -> None:
    """Write them, in the folder that this is started in."""
    for name, text in copies().items():
        Path("docs", name).write_text(text)


if __name__ == "__main__":
    main()
