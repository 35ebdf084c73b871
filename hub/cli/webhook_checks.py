"""The findings of `hub webhooks doctor`: what a receiver does, and what it does wrong."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from hub.cli.finding import Finding
from hub.cli.webhook_cases import CASES, Case, Letters
from hub.cli.webhook_probe import Probe, Reply

SOON = timedelta(days=14)
SLOW_MS = 2_000
_BY_FAILURE = {
    "dns": "correct the host name, or its DNS record",
    "connect": "start the receiver, and let the port through the firewall",
    "tls": "install a certificate that this name and its chain are in; renew it in time",
    "timeout": "answer 2xx at once, and work afterwards",
    "protocol": "let an HTTP server answer at this address",
}
_BY_STATUS = {
    401: "compare the secret, and give verify_webhook the bytes as they came",
    403: "compare the secret, and give verify_webhook the bytes as they came",
    404: "correct the path of the address",
    405: "take POST at this address",
    413: "raise the limit for bodies at this address, in its proxy too",
    415: "take application/json",
    429: "raise the limit of requests for the hub, or set --rate",
}


async def findings(url: str, secret: str) -> AsyncIterator[Finding]:
    """Ask everything, some twenty requests; what makes no sense any more is left out."""
    letters, probe = Letters(secret), Probe(url)
    try:
        good = letters.good()
        reply = await probe.ask(good.headers, good.body)
        for finding in _first(url, reply):
            yield finding
        if not reply.taken:
            return
        yield _speed(reply)
        # The same again, signed anew: what a hub does whose answer was lost.
        again = await probe.ask(letters.signed(good.body), good.body)
        yield _twice(again)
        for case in CASES:
            sent = case.send(letters)
            yield judged(case, await probe.ask(sent.headers, sent.body, sent.method))
    finally:
        await probe.close()


def judged(case: Case, reply: Reply) -> Finding:
    """Return what an answer to a case says of the receiver."""
    right = {
        "taken": reply.taken,
        "refused": not reply.taken and not reply.broken,
        "calm": not reply.broken,
    }[case.right]
    if right:
        return Finding(case.name, "ok", str(reply))
    if case.right == "refused" and reply.broken:
        # Nothing was taken; but what breaks at a stranger's word can be broken.
        found = f"it breaks instead of refusing: {reply}"
        return Finding(case.name, "warning", found, "answer 401 where the verifier raises")
    return Finding(
        case.name, "failed" if case.grave else "warning", f"{case.wrong}: {reply}", case.remedy
    )


def _first(url: str, reply: Reply) -> list[Finding]:
    found = [_connection(url, reply)]
    if reply.status is not None:
        found.append(_answer(reply))
    return found


def _connection(url: str, reply: Reply) -> Finding:
    parts = urlsplit(url)
    name = parts.scheme.upper() if parts.scheme == "http" else "TLS"
    if reply.status is None:
        return Finding(name, "failed", reply.detail, _BY_FAILURE[reply.failure])
    if parts.scheme == "http":
        if _is_here(parts.hostname or ""):
            return Finding(name, "ok", "without TLS, on this machine")
        return Finding(name, "warning", "without TLS: who is on the way reads it", "use https://")
    ends = reply.ends_at
    if ends is not None and ends < datetime.now(UTC) + SOON:
        return Finding(name, "warning", f"its certificate ends at {ends:%Y-%m-%d}", "renew it")
    until = "" if ends is None else f", good until {ends:%Y-%m-%d}"
    return Finding(name, "ok", f"its certificate is good{until}")


def _answer(reply: Reply) -> Finding:
    if reply.taken:
        return Finding("signed well", "ok", f"{reply} in {reply.ms:.0f} ms")
    if reply.location:
        found = f"{reply}, which leads to {reply.location[:200]}: redirects are not followed"
        return Finding("signed well", "failed", found, "give the hub that address instead")
    remedy = _BY_STATUS.get(reply.status or 0, "answer 200 to 299; its log may say why it does not")
    return Finding("signed well", "failed", f"{reply}, which is no success", remedy)


def _speed(reply: Reply) -> Finding:
    seconds = f"{reply.ms / 1000:.1f} s"
    if reply.ms <= SLOW_MS:
        return Finding("speed", "ok", f"{reply.ms:.0f} ms")
    found = f"{seconds}: after 15 s a delivery has failed, and comes again"
    return Finding("speed", "warning", found, "answer 2xx at once, and work afterwards")


def _twice(reply: Reply) -> Finding:
    if reply.taken:
        return Finding("twice", "ok", str(reply))
    found = f"it does not take the same webhook-id again: {reply}"
    remedy = "answer 2xx to an id that was dealt with: the first answer may have been lost"
    return Finding("twice", "failed", found, remedy)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
