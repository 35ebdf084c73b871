"""Health and readiness: fast and truthful."""

from typing import Any

import httpx
import pytest

from hub import __version__
from hub.errors import LogUnavailable
from support.running import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_health_says_that_the_process_answers(http: httpx.AsyncClient) -> None:
    """With its version, and without touching the disk."""
    answer = await http.get("/health")

    assert (answer.status_code, answer.json()) == (
        200, {"status": "healthy", "version": __version__}
    )  # fmt: skip


async def test_ready_says_that_the_log_was_written(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readiness is tried, not assumed."""
    log: Any = fresh_hub.node._log
    tried: list[object] = []
    probe = log.probe

    async def counted() -> None:
        tried.append(await probe())

    monkeypatch.setattr(log, "probe", counted)

    answer = await fresh.get("/ready")

    assert (answer.status_code, answer.json(), len(tried)) == (200, {"status": "ready"}, 1)


async def test_a_log_that_cannot_be_written_is_not_ready_but_healthy(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After keeps traffic away; restarting the process would not help."""

    async def full() -> None:
        raise LogUnavailable("the log cannot be written: database or disk is full")

    monkeypatch.setattr(fresh_hub.node._log, "probe", full)

    ready, health = await fresh.get("/ready"), await fresh.get("/health")

    assert (ready.status_code, ready.json()["code"]) == (503, "log_unavailable")
    assert "disk is full" in ready.json()["detail"]
    assert int(ready.headers["retry-after"]) >= 1
    assert health.status_code == 200
