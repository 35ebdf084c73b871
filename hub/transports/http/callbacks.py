"""Resources of callbacks and of the built-in receiver (seed 1)."""

from typing import Annotated

import msgspec
from starlette.types import ASGIApp

from hub.services.auditor import Auditor
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder
from hub.webhooks.callback_forms import MAX_WORD, Kind, NewCallback, subject_of
from hub.webhooks.callbacks import Callbacks
from hub.webhooks.endpoint_telling import bare
from hub.webhooks.receiver import MAX_BODY, Came, Receiver

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_WORD)]
# Whatever came is text, and no browser takes it for a page (CWE-79).
_TEXT = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class CallbacksParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/callbacks`: a `task_id`, or a `kind` and an `id`."""

    task_id: Word | None = None
    kind: Kind | None = None
    id: Word | None = None


_new = json_decoder(NewCallback)


class CallbacksResource:
    """What can be done with callbacks."""

    def __init__(self, callbacks: Callbacks, auditor: Auditor) -> None:
        self._callbacks = callbacks
        self._auditor = auditor

    async def register(self, call: Call) -> ASGIApp:
        """Have the end of a resource told."""
        new = await call.json(_new)
        answer, endpoint, made = await self._callbacks.register(call.principal, new)
        if made:
            details = {
                "url": bare(endpoint.url),
                "kind": answer.kind,
                "id": answer.id,
                "client_id": answer.client_id,
            }
            await self._auditor.record(
                "callback.create",
                call.principal,
                target=endpoint.id,
                address=call.address,
                details=details,
            )
        return json(answer, 201 if made else 200)

    async def list(self, call: Call) -> ASGIApp:
        """Return the callbacks of a resource."""
        params = call.query(CallbacksParams)
        subject = subject_of(params.task_id, params.kind, params.id, "")
        return json(await self._callbacks.list(call.principal, subject))


class ReceiverResource:
    """The built-in receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def take(self, call: Call) -> ASGIApp:
        """Take a webhook."""
        client_id = call.params["client_id"]
        self._receiver.check(client_id)
        body = await call.body.read(MAX_BODY)
        return json(await self._receiver.take(client_id, Came(call.headers, body)))

    async def show(self, call: Call) -> ASGIApp:
        """Return what came, as text."""
        text = await self._receiver.shown(call.params["client_id"])
        return Answer(text.encode("utf-8", "replace"), 200, _TEXT)
