"""How a load's figures are shown to people."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from hub.bench.comparison import HUB, Comparison, Row
from hub.bench.load import Load
from hub.bench.result import Result, late
from hub.bench.stolen import CALM

_BUSY_CORES = 0.95
_HEADS = (
    *("server", "events/s", "deliveries/s", "CPU us/delivery", "  hub/it"),
    *("p50 ms", "p99 ms", "  hub/it", "KiB/connection", "lost", "stolen"),
)


def report(result: Result, load: Load) -> Text:
    """Return the figures of one server."""
    said = (*_remarks(result, load), *_disturbed(result.stolen))
    return Text("\n").join((_load(load), Text(), *_figures(result), *said))


def table(found: Comparison, load: Load) -> Text:
    """Return the figures of several servers, and the hub's ratios to the others."""
    # A server a column: a server a line would be wider than 80 characters.
    columns = [_HEADS, *(_cells(row) for row in found.rows)]
    widths = [max(map(len, column)) for column in columns]
    # Aligned by hand: a table of rich's would be cut to 80 columns where nobody looks.
    lines = [_line(cells, widths) for cells in zip(*columns, strict=True)]
    missing = [_remark(f"without {name}: {why}") for name, why in found.skipped.items()]
    said = (text for run in found.results[HUB] for text in _remarks(run, load))
    stolen = _disturbed(max(row.stolen for row in found.rows))
    remarks = {text.plain: text for text in (*said, *stolen)}
    return Text("\n").join((_load(load), Text(), *lines, *missing, *remarks.values()))


def _line(cells: Sequence[str], widths: Sequence[int]) -> Text:
    """Return one figure of each server; the hub's stands out."""
    name, *figures = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    hub, *others = (f"  {cell}" for cell in figures)
    return Text.assemble("  ", (name, "dim"), (hub, "bold"), *others)


def _cells(row: Row) -> Sequence[str]:
    return (
        row.server,
        f"{row.events_per_s:,.0f}",
        f"{row.deliveries_per_s:,.0f}",
        _known(row.delivery_cpu_us),
        _ratio(row.cpu_ratio),
        _known(row.p50_ms),
        _known(row.p99_ms),
        _ratio(row.p99_ratio),
        "-" if row.connection_bytes is None else f"{row.connection_bytes / 1024:,.1f}",
        f"{row.lost:,}",
        f"{row.stolen:.0%}",
    )


def _known(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,.2f}"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def pace(load: Load) -> str:
    """Return how fast is published, in words."""
    return f"at {load.rate:g} events/s" if load.rate else "flat out"


def _load(load: Load) -> Text:
    return Text(
        f"  {load.connections:,} connections · {load.publishers} publishers {pace(load)} · "
        f"{load.size}-byte frames · {load.duration:g} s",
        "dim",
    )


def _figures(result: Result) -> Iterator[Text]:
    yield _row("deliveries", f"{result.deliveries_per_s:,.0f}/s", f"{result.deliveries:,}")
    yield _row("events", f"{result.events_per_s:,.0f}/s", f"{result.events:,}")
    took = result.latency_ms
    if took is not None:
        yield _row(
            "latency",
            f"p50 {took.p50:,.2f}  p90 {took.p90:,.2f}  p99 {took.p99:,.2f}  "
            f"max {took.max:,.2f} ms",
            f"on {result.sampled} connections",
        )
    yield _row(
        "faults",
        f"{result.lost:,} lost  {result.duplicated:,} twice  {result.reordered:,} out of order",
        style="green" if result.sound else "bold red",
    )
    yield from _usage(result)
    yield _row("this client", f"{result.client_cores:.2f} cores")


def _usage(result: Result) -> Iterator[Text]:
    usage = result.usage
    if usage is None:
        yield _row("server", result.unknown)
        return
    yield _row(
        "server CPU", f"{usage.delivery_cpu_us:,.2f} us a delivery", f"{usage.cores:.2f} cores"
    )
    yield _row(
        "accepting",
        f"{usage.accept_cpu_us:,.0f} us of CPU a connection",
        f"all in after {result.connect_s:.2f} s",
    )
    yield _row(
        "memory",
        f"{usage.memory_bytes / 2**20:,.0f} MiB",
        f"{usage.connection_bytes / 1024:,.1f} KiB a connection",
    )


def _remarks(result: Result, load: Load) -> Iterator[Text]:
    if result.surplus:
        yield _remark(
            f"{result.surplus:,} deliveries more than were posted: "
            "does somebody else publish to this channel?"
        )
    for code, count in result.ended.items():
        yield _remark(f"{count:,} connections were ended by the server, with {code}")
    for failure in result.failures[:1]:
        yield _remark(f"{len(result.failures)} publishers ended before their time: {failure}")
    if late(result, load):
        yield _remark(f"{load.rate:g} events/s were asked for, and could not be reached")
    if result.client_cores > _BUSY_CORES:
        yield _remark("the load generator was busy all the time: the server may carry more")


def _disturbed(stolen: float) -> Iterator[Text]:
    if stolen > CALM:
        yield _remark(
            f"the host of this machine took up to {stolen:.0%} of it meanwhile: "
            "these figures are poor ones, try again in a quiet hour"
        )


def _remark(text: str) -> Text:
    return Text(f"  ! {text}", "yellow")


def _row(name: str, value: str, more: str = "", style: str = "bold") -> Text:
    return Text.assemble("  ", (f"{name:<13}", "dim"), (value, style), (f"  {more}", "dim"))
