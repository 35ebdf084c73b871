"""`hub webhooks doctor` finds the mistakes that receivers make, and passes those that make none."""

import base64
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub_client import WebhookVerificationFailed, verify_webhook
from support.certificates import certificate
from support.commands import invoke
from support.hooks import Hook, Said, receiver

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()


def right(hook: Hook) -> Said:
    """Do what a receiver should."""
    if hook.method != "POST":
        return Said(405)
    try:
        verify_webhook(hook.body, hook.headers, SECRET)
    except WebhookVerificationFailed:
        return Said(401)
    return Said(204)


def examined(url: str, secret: str = SECRET) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and the findings by name."""
    finished = invoke("webhooks", "doctor", url, "--secret", secret, "-o", "json")
    report = json.loads(finished.out)
    assert report["ok"] == (finished.code == 0)
    return finished.code, {check["name"]: check for check in report["checks"]}


def bad(findings: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the names of what is not well; each has a remedy."""
    found = {name: one["state"] for name, one in findings.items() if one["state"] != "ok"}
    assert all(findings[name]["remedy"] for name in found)
    return found


def test_a_receiver_by_the_book_is_right() -> None:
    """`verify_webhook`, 401 where it raises, 204 else: nothing to find, exit code 0."""
    with receiver(right) as taking:
        code, findings = examined(taking.url)

    assert (code, bad(findings)) == (0, {})
    assert len(findings) == 17
    # Whoever looks at what came sees that it is a test; the same id comes twice, as it may.
    first, again = taking.hooks[:2]
    assert json.loads(first.body)["test"] is True
    assert first.headers["webhook-id"] == again.headers["webhook-id"]


def blind(_: Hook) -> Said:
    """Take everything."""
    return Said(200)


def ageless(hook: Hook) -> Said:
    """Verify, but whatever the time."""
    try:
        verify_webhook(hook.body, hook.headers, SECRET, 1e9)
    except WebhookVerificationFailed:
        return Said(401)
    return Said(204)


def parsing(hook: Hook) -> Said:
    """Verify what was written anew."""
    try:
        body = json.dumps(json.loads(hook.body), separators=(",", ":"))
    except ValueError:
        return Said(400)
    return right(hook._replace(body=body.encode()))


def first_only(hook: Hook) -> Said:
    """Read one signature."""
    first = hook.headers.get("webhook-signature", "").split(" ")[0]
    return right(hook._replace(headers=hook.headers | {"webhook-signature": first}))


def crashing(hook: Hook) -> Said:
    """Let the verifier's exception through."""
    said = right(hook)
    return Said(500) if said.status == 401 else said


def picky(hook: Hook) -> Said:
    """Refuse types that it does not know."""
    said = right(hook)
    return Said(400) if said.status == 204 and b"doctor_unknown_type" in hook.body else said


def small(hook: Hook) -> Said:
    """Refuse what is big."""
    return Said(413) if len(hook.body) > 100_000 else right(hook)


def once() -> Callable[[Hook], Said]:
    """Refuse an id that was there before."""
    seen: set[str] = set()

    def answer(hook: Hook) -> Said:
        said = right(hook)
        name = hook.headers.get("webhook-id", "")
        if said.status == 204 and name in seen:
            return Said(409)
        seen.add(name)
        return said

    return answer


@pytest.mark.parametrize(
    ("answer", "code", "names"),
    [
        pytest.param(
            blind,
            1,
            dict.fromkeys(
                ["other secret", "no signature", "changed body", "an hour old", "an hour ahead"],
                "failed",
            ),
            id="does not verify",
        ),
        pytest.param(
            ageless, 1, {"an hour old": "failed", "an hour ahead": "failed"}, id="ignores the time"
        ),
        pytest.param(parsing, 1, {"other bytes": "failed"}, id="verifies what it parsed"),
        pytest.param(first_only, 1, {"rotation": "failed"}, id="reads the first signature"),
        pytest.param(once(), 1, {"twice": "failed"}, id="refuses the second time"),
        pytest.param(
            crashing,
            0,
            dict.fromkeys(
                ["other secret", "no signature", "changed body", "an hour old", "an hour ahead"],
                "warning",
            )
            | {"nonsense": "warning"},
            id="crashes instead of refusing",
        ),
        pytest.param(picky, 0, {"unknown type": "warning"}, id="refuses unknown types"),
        pytest.param(small, 0, {"big body": "warning"}, id="takes little"),
    ],
)
def test_a_mistake_is_found(
    answer: Callable[[Hook], Said], code: int, names: dict[str, str]
) -> None:
    """It, and nothing else."""
    with receiver(answer) as taking:
        found = examined(taking.url)

    assert (found[0], bad(found[1])) == (code, names)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        pytest.param(Said(401), "secret", id="another secret"),
        pytest.param(Said(404), "path", id="another path"),
        pytest.param(Said(500), "log", id="broken"),
        pytest.param(Said(301, (("location", "/new"),)), "that address", id="moved"),
    ],
)
def test_who_takes_nothing_is_asked_nothing_more(said: Said, remedy: str) -> None:
    """Refusing strangers says nothing about who refuses everybody."""
    with receiver(lambda _: said) as taking:
        code, findings = examined(taking.url)

    assert code == 1
    assert len(taking.hooks) == 1
    assert [*findings] == ["HTTP", "signed well"]
    assert remedy in findings["signed well"]["remedy"]


def test_nobody_there_is_told() -> None:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    code, findings = examined(f"http://127.0.0.1:{port}/hook")

    assert (code, bad(findings)) == (1, {"HTTP": "failed"})
    assert "start the receiver" in findings["HTTP"]["remedy"]


def test_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    """A hub would send nothing there."""
    with receiver(right, certificate(tmp_path, "127.0.0.1")) as taking:
        code, findings = examined(taking.url.replace("http:", "https:"))

    assert (code, bad(findings)) == (1, {"TLS": "failed"})
    assert "self-signed certificate" in findings["TLS"]["found"]


def test_a_port_that_speaks_something_else_is_told() -> None:
    """No traceback for what is not HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"SSH-2.0-x\r\n\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        code, findings = examined(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()

    assert (code, bad(findings)) == (1, {"HTTP": "failed"})
    assert "no answer in HTTP" in findings["HTTP"]["found"]


def test_people_read_a_line_each(tmp_path: Path) -> None:
    """With a mark, and what to do below; the secret may come from a file."""
    place = tmp_path / "secret"
    place.write_text(f"{SECRET}\n")
    with receiver(ageless) as taking:
        finished = invoke("webhooks", "doctor", taking.url, "--secret", f"@{place}")

    assert finished.code == 1
    assert "✓ signed well" in finished.out
    assert "✗ an hour old" in finished.out
    assert "→ compare webhook-timestamp" in finished.out
    assert SECRET not in finished.out + finished.err


def test_a_secret_is_asked_for() -> None:
    """Without one nothing can be signed."""
    finished = invoke("webhooks", "doctor", "http://localhost:1/")

    assert finished.code == 2
    assert "--secret" in finished.err
