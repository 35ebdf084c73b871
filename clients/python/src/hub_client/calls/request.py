"""One request as a value: built once, sent as often as the retries say."""

from pathlib import Path
from typing import Any

import msgspec

from hub_client.calls.idempotency import checked, new_key
from hub_client.errors import SerializationError
from hub_client.tracing import current


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to the hub.

    Attributes:
        payload: Sent as JSON; `UNSET` for none.
        upload: Raw body instead of JSON; a path is read anew on every try.
        on_job: A 404 without a word of the hub's means that the job is not there.
        bulk: A transfer of any size: the timeout bounds each wait, not the whole.
        once: It makes something new and has no key: not sent again when no answer came.
    """

    method: str
    path: str
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    payload: object = msgspec.UNSET
    upload: bytes | Path | None = None
    on_job: bool = False
    bulk: bool = False
    once: bool = False

    def body(self) -> bytes | Path | None:
        """Return what to send.

        Raises:
            SerializationError: The payload cannot be written as JSON.
        """
        if self.payload is msgspec.UNSET:
            return self.upload
        try:
            return msgspec.json.encode(self.payload)
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as bad:
            raise SerializationError(f"expected what JSON can hold: {bad}") from bad


def get(path: str, *, on_job: bool = False, **params: str | float | None) -> Request:
    """Return a GET; a parameter that is None is left out."""
    return Request(method="GET", path=path, params=_query(params), on_job=on_job)


def post(path: str, payload: object, *, key: str | None, on_job: bool = False) -> Request:
    """Return a POST under one Idempotency-Key, so that a repeated try changes nothing twice.

    Raises:
        SerializationError: The key is none.
    """
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": new_key() if key is None else checked(key),
        **current(),
    }
    return Request(method="POST", path=path, payload=payload, headers=headers, on_job=on_job)


def put(path: str, payload: object) -> Request:
    """Return a PUT; tried again it does the same again, so it needs no key."""
    headers = {"Content-Type": "application/json", **current()}
    return Request(method="PUT", path=path, payload=payload, headers=headers)


def _query(params: dict[str, Any]) -> dict[str, str]:
    return {name: _word(value) for name, value in params.items() if value is not None}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
