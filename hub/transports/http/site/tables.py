"""The pages that are tables of the code: errors, close codes, settings and metrics, as Markdown."""

from collections.abc import Iterable, Sequence

from hub import settings
from hub.telemetry.reading import METRICS
from hub.transports.http.documents.closes import CLOSES, Close
from hub.transports.http.site.codes import Code, all_codes

_ERRORS = """\
# Errors

Every refusal names a `code`, and every code has a page that says what it means, what to do, and why
it happens. Over HTTP it is a problem document (RFC 9457) whose `type` is the address of that page;
over a WebSocket it is an `error` reply with `details.help`, or the reason of a close.

Branch on `code`, never on a text. *Again?* says whether the same request may succeed later: if so,
wait as long as `Retry-After` says and send it with the same `Idempotency-Key`.

## Codes of the hub

{hub}

## Codes of the SDK

Said by `hub_client` when the hub could not be asked, or its answer not be used.

{sdk}

## Close codes

The range is the verdict: 4000 to 4499 come back (full jitter, from 500 ms to 20 s), 4500 to 4999 do
not. The reason is JSON and names the code: `{{"code": "draining"}}`.

{closes}
"""
_SETTINGS = """\
# Settings

All are read from the environment when the hub starts. Names that begin with `HUB_` and are not
listed here are warned about; a wrong value ends the start with one line and exit code 2.

{table}

What may hold a password (`API_KEY`, `JWT_SECRET`, `JWT_SECRET_PREVIOUS`, `JWT_PUBLIC_KEY`,
`HUB_SSL_KEYFILE_PASSWORD`, `DATABASE_URL`, `REDIS_URL`) may also be in a file: `JWT_SECRET_FILE`
names it, and so on. SIGHUP reads those files, `HUB_ENV_FILE` and the certificate again.

`HUB_URL`, `HUB_TOKEN` and `WS_URI` are read by the clients, not by the hub. A value such as
`tcp://10.0.0.1:8000`, which orchestrators put under names like `PORT`, is passed over.
"""
_METRICS = """\
# Metrics

`GET /metrics` tells them in Prometheus' text format, read at that moment. They are those of the
node that answers: let Prometheus ask each node, and sum there. Workers behind one port
(`hub serve --workers`) are one address, so whichever is asked tells the numbers of all, each with
the label `worker` (`0`, `1`, ...); sums `without (worker)` are the same on every hub.

{table}

What each label may be, so that the series stay few whatever clients do:

- `channel`: a built-in channel, or `custom`: all others together, however many there are.
- `step`: how a slow client goes on (`lossless`, `conflated`, `snapshot`), or `closed`.
- `outcome`: `recovered`, or why a position could not be resumed (`expired`, `epoch_changed`,
  `volatile`).
- `how`: `filled` by news that came late, or `log`: clients read what is missing there.
- `route`: the name of an operation in [/openapi.json](/openapi.json), or `other`: refused at the
  door, no such address, a page of the documentation.
- `status`: `2xx` to `5xx`, or `none`: the caller went away before the answer.
- `reason`: the code of the refusal ([errors](/docs/errors)). `limit`: which limit it was.
- `alert`: the name of an [alert](/docs/protocol#alerts).

Histograms end in `_bucket`, `_sum` and `_count`. `hub_delivery_seconds` is measured once a flush:
each of its events counts as late as the oldest of them. An event's time is that of the node that
committed it, so for events of other nodes it is as good as their clocks agree.
"""


def errors_page() -> str:
    """Return the page with all codes."""
    codes = all_codes()
    return _ERRORS.format(
        hub=_codes([code for code in codes if code.source == "hub"]),
        sdk=_codes([code for code in codes if code.source == "SDK"]),
        closes=table(("Code", "Word", "Meaning", "Come back?"), map(_close, CLOSES)),
    )


def facts(code: Code) -> str:
    """Return the line under the title of a code's page."""
    said = [f"`{code.code}`"]
    said += [f"HTTP {status}" for status in code.statuses]
    if code.close_code is not None:
        said.append(f"closes with {code.close_code}")
    said.append("may succeed later" if code.retryable else "will be refused again")
    said.append(f"said by the {code.source}")
    return " · ".join(said)


def settings_page() -> str:
    """Return the page with all settings."""
    rows = ((f"`{name.env}`", _default(name.default), name.meaning) for name in settings.names())
    return _SETTINGS.format(table=table(("Name", "Default", "Meaning"), rows))


def metrics_page() -> str:
    """Return the page with all metrics."""
    rows = (
        (f"`{one.name}`", one.kind, ", ".join(f"`{n}`" for n in one.labels) or "—", one.meaning)
        for one in METRICS.values()
    )
    return _METRICS.format(table=table(("Name", "Kind", "Labels", "Meaning"), rows))


def _codes(codes: Sequence[Code]) -> str:
    titles = ("Code", "Meaning", "HTTP", "Close", "Again?")
    return table(titles, (_code(code) for code in codes))


def _code(code: Code) -> Sequence[str]:
    return (
        f"[`{code.code}`](/docs/errors/{code.code})",
        code.meaning,
        ", ".join(map(str, code.statuses)) or "—",
        str(code.close_code or "—"),
        "yes" if code.retryable else "no",
    )


def _close(close: Close) -> Sequence[str]:
    note = " (not sent by this version)" if close.later else ""
    return (
        str(close.code),
        f"`{close.word}`",
        close.meaning + note,
        "yes" if close.comes_back else "no",
    )


def _default(value: object) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "`1`" if value else "`0`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
