"""Receive webhooks: verify each, deal with each event once, answer at once.

    python examples/receiver.py --port 3000 --secret whsec_…
    hub listen --forward-to 3000/hook --secret whsec_…

The secret is also taken from WEBHOOK_SECRET; WEBHOOK_OLD_SECRET counts as well while one replaces
the other. Needs `pip install hub-client starlette uvicorn`.
"""

import argparse
import os
from collections import OrderedDict

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub_client import Event, WebhookVerificationFailed, verify_webhook

REMEMBERED = 100_000
"""Ids of events that were dealt with. A program of several processes keeps them in its database,
in the transaction that deals with the event."""


class Receiver:
    """Takes events from one endpoint of a hub."""

    def __init__(self, secrets: list[str | None]) -> None:
        self._secrets = secrets
        self._done: OrderedDict[str, None] = OrderedDict()

    async def take(self, request: Request) -> Response:
        """Answer within milliseconds; the work comes afterwards."""
        body = await request.body()  # the bytes as they came: they are what was signed
        try:
            event = verify_webhook(body, request.headers, self._secrets)
        except WebhookVerificationFailed as error:
            return JSONResponse({"refused": error.reason}, 401)
        if not self._is_new(event.id or ""):
            return Response(status_code=204)  # it came again: the first answer was lost
        return Response(status_code=204, background=BackgroundTask(work, event))

    def _is_new(self, event_id: str) -> bool:
        if event_id in self._done:
            return False
        self._done[event_id] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return True


def work(event: Event) -> None:
    """Do what the event asks for; types that are not known are passed over."""
    if event.test:
        print(f"a test: {event.type}", flush=True)
    elif job := event.job:
        print(f"job {job.job_id}: {job.status}", flush=True)
    elif contract := event.contract:
        print(f"contract {contract.contract_id} in {contract.location}", flush=True)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--secret", default=os.environ.get("WEBHOOK_SECRET"))
    given = parser.parse_args()
    if not given.secret:
        parser.error("expected --secret or WEBHOOK_SECRET")
    receiver = Receiver([given.secret, os.environ.get("WEBHOOK_OLD_SECRET")])
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
