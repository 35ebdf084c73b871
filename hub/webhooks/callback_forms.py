"""What is asked and told of callbacks, in the words of seed 1."""

from typing import Annotated, Literal

import msgspec

from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown
from hub.webhooks.endpoint_forms import MAX_URL

MAX_WORD = 256

Kind = Literal["job", "task"]
State = Literal["registered", "delivered", "paused", "disabled"]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_WORD)]


class Subject(msgspec.Struct, frozen=True):
    """The resource whose end is waited for; there need not be such a one yet."""

    kind: Kind
    id: str

    @property
    def task_id(self) -> str | msgspec.UnsetType:
        """Its id where it is a task."""
        return self.id if self.kind == "task" else msgspec.UNSET


class NewCallback(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST /api/callbacks`: whose end, and where to tell it.

    The resource is a `task_id`, or a `kind` and an `id`.
    """

    client_id: Word
    callback_url: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL)]
    task_id: Word | None = None
    kind: Kind | None = None
    id: Word | None = None


class CallbackRegistered(msgspec.Struct, kw_only=True):
    """Answer of `POST /api/callbacks`. `registered_callbacks` are yours that wait for this end.

    `secret` is shown once, and null where the same callback was registered before.
    """

    status: Literal["registered"] = "registered"
    task_id: str | msgspec.UnsetType = msgspec.UNSET
    kind: Kind
    id: str
    client_id: str
    callback_url: str
    message: str
    registered_callbacks: int
    timestamp: str
    callback_id: str
    secret: str | None


class CallbackView(msgspec.Struct, kw_only=True):
    """A callback; as a webhook it has the id `callback_id`."""

    callback_id: str
    client_id: str
    callback_url: str
    state: State
    owner: str
    registered_at: str


class CallbacksView(msgspec.Struct, kw_only=True):
    """Answer of `GET /api/callbacks`: those of one resource, oldest first."""

    task_id: str | msgspec.UnsetType = msgspec.UNSET
    kind: Kind
    id: str
    callbacks: list[CallbackView]
    registered_callbacks: int
    timestamp: str


def subject_of(
    task_id: str | None, kind: Kind | None, subject: str | None, where: str = "$."
) -> Subject:
    """Return the resource that is named.

    Raises:
        InvalidFields: None is, or two are, or its id could not be told.
    """
    if (task_id is None) == (kind is None and subject is None) or (kind is None) != (
        subject is None
    ):
        given = {"task_id": task_id, "kind": kind, "id": subject}
        got = ", ".join(name for name, value in given.items() if value is not None) or "nothing"
        raise InvalidFields([FieldError(f"{where}task_id", "a task_id, or a kind and an id", got)])
    name = subject if task_id is None else task_id
    if name is None or not name.isprintable():
        field = "id" if task_id is None else "task_id"
        raise InvalidFields([FieldError(f"{where}{field}", "printable characters", shown(name))])
    return Subject(kind or "task", name)
