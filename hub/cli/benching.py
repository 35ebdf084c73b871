"""The work of `hub bench`: enough open files, progress while it runs, the report."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import click
from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeElapsedColumn

from hub.bench.asking import ask
from hub.bench.comparison import compare
from hub.bench.load import Load
from hub.bench.run import Progress, Tell, check, measure, run
from hub.cli.bench_report import report, table
from hub.cli.listening import raise_open_files
from hub.cli.output import Output

# Files of a process besides its sockets: streams, the loop, libraries.
_OTHER_FILES = 64


def bench_one(url: str | None, load: Load, channel: str, output: Output) -> bool:
    """Measure one hub and show it; say whether everything came, once and in order.

    Raises:
        click.UsageError: The load cannot be made like this.
        hub_client.HubError: No hub answers, or it refused.
        Unavailable: Connections were not let in.
    """
    check_open_files(load)
    with wrong_usage():
        target = ask(url, channel)
        check(target, load)
    with progress(output) as tell:
        result = run(measure(target, load, tell))
    output.show(result, lambda: report(result, load))
    return result.sound


def bench_all(url: str | None, load: Load, channel: str, rounds: int, output: Output) -> bool:
    """Measure a hub beside others and show the ratios; say whether the hub delivered everything.

    Raises:
        click.UsageError: The load cannot be made like this.
        hub_client.HubError: The hub does not answer, or refused.
        Unavailable: A server does not start, or connections were not let in.
    """
    check_open_files(load)
    with wrong_usage(), stopping():
        found = compare(url, channel, load, rounds, lambda name: progress(output, name))
    output.show(found, lambda: table(found, load))
    return found.sound


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: what it has started must end with it."""
    # Also where it is ignored, as of what a script starts with `&`: see `_interrupt`.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # For SIGINT asyncio has a handler, which ends its task. What is raised here, within a callback,
    # the loop would take for a broken connection, and go on.
    signal.raise_signal(signal.SIGINT)


def check_open_files(load: Load) -> None:
    """Allow as many open files as the host permits.

    Raises:
        click.UsageError: They are too few.
    """
    limit = raise_open_files()
    needed = load.connections + load.publishers + _OTHER_FILES
    if needed > limit:
        fit = limit - load.publishers - _OTHER_FILES
        raise click.UsageError(
            f"{load.connections:,} connections need {needed:,} open files, and this host permits "
            f"{limit:,}: {fit:,} connections fit; raise it with `ulimit -Hn`"
        )


@contextlib.contextmanager
def wrong_usage() -> Iterator[None]:
    """Tell of an argument that cannot be used.

    Raises:
        click.UsageError: There was one.
    """
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@contextlib.contextmanager
def progress(output: Output, name: str = "") -> Iterator[Tell]:
    """Show people on a terminal how far it is."""
    if output.json or not output.stderr.is_terminal:
        if name:
            output.note(name)
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    # No thread of its own: it would take the processor from the load at moments of its choice.
    with Bar(*columns, console=output.stderr, transient=True, auto_refresh=False) as bar:
        yield _teller(bar, name)


def _teller(bar: Bar, name: str) -> Callable[[Progress], None]:
    task = bar.add_task(name)

    def tell(now: Progress) -> None:
        words = f"{name}: {now.phase}" if name else now.phase
        bar.update(task, description=words, completed=now.done, total=now.total or None)
        bar.refresh()

    return tell
