"""The report of a load says in words what went wrong."""

import pytest

from hub.bench.comparison import HUB, Comparison, rows
from hub.bench.load import Load
from hub.bench.order import Latency
from hub.bench.result import Result, Usage
from hub.cli.bench_report import report, table

LOAD = Load(rate=100)
SOUND = Result(
    server="hub",
    connections=1000,
    publishers=16,
    rate=100,
    frame_bytes=256,
    seconds=10,
    connect_s=0.25,
    events=1000,
    events_per_s=100,
    deliveries=1_000_000,
    deliveries_per_s=100_000,
    latency_ms=Latency(1, 2, 3, 4),
    sampled=17,
    lost=0,
    surplus=0,
    duplicated=0,
    reordered=0,
    ended={},
    failures=[],
    usage=Usage(110.2, 0.58, 0.7, 64 * 2**20, 8192),
    unknown="",
    client_cores=0.5,
)


def changed(**fields: object) -> Result:
    """Return a result that differs in these fields."""
    values = {name: getattr(SOUND, name) for name in SOUND.__struct_fields__}
    return Result(**{**values, **fields})


def test_figures_have_their_units() -> None:
    """Every figure is there, with its unit, and nothing is remarked on."""
    text = report(SOUND, LOAD).plain

    for phrase in (
        "1,000 connections · 16 publishers at 100 events/s · 256-byte frames",
        "100,000/s  1,000,000",
        "p50 1.00  p90 2.00  p99 3.00  max 4.00 ms  on 17 connections",
        "0 lost  0 twice  0 out of order",
        "0.58 us a delivery  0.70 cores",
        "110 us of CPU a connection  all in after 0.25 s",
        "64 MiB  8.0 KiB a connection",
    ):
        assert phrase in text
    assert "!" not in text


@pytest.mark.parametrize(
    ("fields", "phrase"),
    [
        pytest.param({"surplus": 7}, "! 7 deliveries more than were posted", id="too many"),
        pytest.param({"ended": {4408: 2}}, "! 2 connections were ended", id="sent away"),
        pytest.param({"failures": ["no", "no"]}, "! 2 publishers ended", id="publishers"),
        pytest.param({"events": 900}, "! 100 events/s were asked for", id="too slow"),
        pytest.param({"client_cores": 0.99}, "! the load generator was busy", id="generator"),
        pytest.param({"usage": None, "unknown": "not this machine"}, "not this", id="elsewhere"),
        pytest.param({"lost": 3}, "3 lost", id="lost"),
    ],
)
def test_what_is_odd_is_said(fields: dict[str, object], phrase: str) -> None:
    """Whatever makes a figure doubtful stands below it."""
    assert phrase in report(changed(**fields), LOAD).plain


def test_nothing_delivered_has_no_latency() -> None:
    """Where nothing came there is no latency to show."""
    assert "latency" not in report(changed(latency_ms=None), LOAD).plain


def test_table_names_who_is_missing() -> None:
    """A comparison shows the hub's ratios, who could not take part, and what is odd of the hub."""
    results = {HUB: [changed(client_cores=1.0)] * 3, "other": [SOUND] * 3}

    text = table(Comparison(rows(results, 3), {"nchan": "nginx is not installed"}, results), LOAD)

    assert text.plain.count("1.00") >= 2
    assert "! without nchan: nginx is not installed" in text.plain
    assert text.plain.count("! the load generator was busy") == 1


def test_table_fits_on_a_terminal() -> None:
    """Figures as large as they come stand below each other within 80 columns."""
    large = changed(events_per_s=123_456, deliveries_per_s=12_345_678, lost=1_000_000)
    names = (HUB, "starlette loop", "node ws", "nchan")
    found = rows({name: [large] for name in names}, 1)

    text = table(Comparison(found, {}, {HUB: [SOUND]}), LOAD).plain

    figures = text.split("\n\n")[1].splitlines()
    assert len({len(line) for line in figures}) == 1
    assert len(figures[0]) <= 80
    assert figures[0].split(maxsplit=1)[1].split("  ", 1)[0] == HUB


def test_table_shows_no_figure_that_is_not_known() -> None:
    """Of a hub whose process is not ours to see there is no processor time, nor a ratio of it."""
    results = {HUB: [changed(usage=None, unknown="not ours to see")], "other": [SOUND]}

    text = table(Comparison(rows(results, 1), {}, results), LOAD).plain

    (cpu,) = (line.split() for line in text.splitlines() if "CPU" in line)
    assert cpu == ["CPU", "us/delivery", "-", "0.58"]
    assert "0.00" not in text


def test_table_says_when_the_machine_was_not_ours() -> None:
    """What its host took is shown by server, and that the figures are poor; not of a quiet run."""
    results = {HUB: [changed(stolen=0.3)], "other": [changed(stolen=0.05)]}

    text = table(Comparison(rows(results, 1), {}, results), LOAD).plain

    assert "30%" in text
    assert "! the host of this machine took up to 30% of it meanwhile" in text
    assert "host" not in report(changed(stolen=0.05), LOAD).plain
    assert "took up to 6% of it" in report(changed(stolen=0.06), LOAD).plain
