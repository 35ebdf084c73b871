"""Callbacks: one end is told once, whether it was registered before or after it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.errors import Forbidden, InvalidFields, Overloaded, TooManyWebhooks
from hub.model.principal import Principal
from hub.services.job_reports import Completion, NewJob
from hub.stores.base import EventQuery
from hub.stores.webhooks import DeliveryQuery
from hub.webhooks import callbacks
from hub.webhooks.callback_forms import CallbackRegistered, NewCallback, Subject, subject_of
from hub.webhooks.matching import Matcher
from hub.webhooks.sender import Answer
from support.principals import principal
from support.webhook_desk import ANNA, BERT, OPERATOR, URL, Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The use cases."""
    async with open_desk(tmp_path) as opened:
        yield opened


async def a_job(desk: Desk, owner: Principal = ANNA, *, done: bool = False) -> str:
    """Return the id of a job."""
    answered = await desk.hub.jobs.create(owner, NewJob(), None)
    job_id: str = msgspec.json.decode(answered.body)["job_id"]
    if done:
        await end(desk, job_id, owner)
    return job_id


async def end(desk: Desk, job_id: str, owner: Principal = ANNA) -> None:
    """Have a job end."""
    await desk.hub.jobs.complete(owner, job_id, Completion(final_status="DONE"), None)


async def register(desk: Desk, who: Principal = ANNA, **fields: Any) -> CallbackRegistered:
    """Return the answer to a registration."""
    asked = {"client_id": "inspector_b", "callback_url": URL, **fields}
    return (await desk.callbacks.register(who, NewCallback(**asked))).answer


async def deliveries(desk: Desk, callback_id: str) -> list[tuple[str, str]]:
    """Return what was made for a callback: ids of deliveries and of events."""
    found = await desk.store.deliveries(DeliveryQuery(10, callback_id))
    return [(delivery.id, body.event_id) for delivery, body in found]


async def test_a_registration_is_answered_in_the_words_of_seed_1(desk: Desk) -> None:
    """There need not be such a task; the count grows with each client."""
    first = await register(desk, task_id="demo_task_123")
    second = await register(desk, task_id="demo_task_123", client_id="client_2")

    told = msgspec.to_builtins(first)
    assert told["status"] == "registered"
    assert (told["task_id"], told["client_id"]) == ("demo_task_123", "inspector_b")
    assert told["message"] == (
        f"✅ Callback registered! You'll receive HTTP POST to {URL} when task demo_task_123 "
        "completes."
    )
    assert (first.registered_callbacks, second.registered_callbacks) == (1, 2)
    assert (first.secret or "").startswith("whsec_")


async def test_an_equal_registration_is_the_same_one(desk: Desk) -> None:
    """Also at the same time: one callback, and its secret is shown once."""
    answers = await asyncio.gather(*(register(desk, task_id="t") for _ in range(5)))

    assert len({one.callback_id for one in answers}) == 1
    assert sum(one.secret is not None for one in answers) == 1
    assert {one.registered_callbacks for one in answers} == {1}


async def test_an_equal_address_is_the_same_callback(desk: Desk) -> None:
    """However it is written: one end is told there once."""
    first = await register(desk, task_id="t", callback_url="https://Shop.example/hook")
    second = await register(desk, task_id="t", callback_url="HTTPS://shop.example/hook")

    assert first.callback_id == second.callback_id
    assert first.callback_url == "https://shop.example/hook"


async def test_another_client_address_or_owner_is_another_callback(desk: Desk) -> None:
    """Each gets its own; nobody sees those of others but operators."""
    ids = [
        (await register(desk, task_id="t")).callback_id,
        (await register(desk, task_id="t", client_id="other")).callback_id,
        (await register(desk, task_id="t", callback_url=f"{URL}2")).callback_id,
        (await register(desk, BERT, task_id="t")).callback_id,
    ]

    of_anna = await desk.callbacks.list(ANNA, Subject("task", "t"))
    of_all = await desk.callbacks.list(OPERATOR, Subject("task", "t"))

    assert {one.callback_id for one in of_anna.callbacks} == {*ids[:3]}
    assert of_anna.registered_callbacks == 3
    assert {one.callback_id for one in of_all.callbacks} == {*ids}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({}, "$.task_id", id="no resource"),
        pytest.param({"task_id": "t", "kind": "job", "id": "j"}, "$.task_id", id="two resources"),
        pytest.param({"kind": "job"}, "$.task_id", id="a kind without an id"),
        pytest.param({"id": "j"}, "$.task_id", id="an id without a kind"),
        pytest.param({"task_id": "t", "id": "j"}, "$.task_id", id="a task and an id"),
        pytest.param({"task_id": "a\x1bb"}, "$.task_id", id="a name that moves a cursor"),
        pytest.param({"kind": "job", "id": "\n"}, "$.id", id="an id that is no line"),
        pytest.param({"task_id": "t", "client_id": "\n"}, "$.client_id", id="a client like that"),
        pytest.param({"task_id": "t", "callback_url": "x"}, "$.url", id="an address that is none"),
    ],
)
async def test_what_names_no_end_is_refused(desk: Desk, fields: dict[str, Any], field: str) -> None:
    """With what was expected."""
    with pytest.raises(InvalidFields) as refused:
        await register(desk, **fields)

    assert refused.value.fields[0].field == field


async def test_who_may_read_nothing_registers_nothing(desk: Desk) -> None:
    """A callback tells what its maker may read."""
    with pytest.raises(Forbidden, match="events:read"):
        await register(desk, principal("pia", "publisher"), task_id="t")


async def test_registered_after_the_end_it_fires_at_once(desk: Desk) -> None:
    """With the event that told the end; asked twice it fires once."""
    job_id = await a_job(desk, done=True)
    (event,) = await desk.hub.log.events(EventQuery("jobs", 1, key=job_id))

    first = await register(desk, kind="job", id=job_id)
    again = await register(desk, kind="job", id=job_id)

    made = await deliveries(desk, first.callback_id)
    assert again.callback_id == first.callback_id
    assert [event_id for _, event_id in made] == [event.id]


async def test_a_job_that_goes_on_fires_nothing(desk: Desk) -> None:
    """Its end is the dispatcher's to see."""
    job_id = await a_job(desk)

    made = await register(desk, kind="job", id=job_id)

    assert await deliveries(desk, made.callback_id) == []


async def test_an_end_is_seen_by_registration_or_by_the_dispatcher(desk: Desk) -> None:
    """What came before it was registered the dispatcher passes over; what came after is its."""
    before, after = await a_job(desk, done=True), await a_job(desk)
    early = await register(desk, kind="job", id=before)
    late = await register(desk, kind="job", id=after)
    await end(desk, after)

    events = await desk.hub.log.events(EventQuery("jobs", 100, after=0))
    matcher = Matcher(await desk.store.registry())
    matched = matcher.match(events, None, 0, 10)

    assert len(await deliveries(desk, early.callback_id)) == 1
    assert [one.endpoint_id for one in matched.deliveries] == [late.callback_id]


async def test_an_end_that_both_see_is_told_once(desk: Desk) -> None:
    """The job ends between the registration and its look: the pair has one delivery."""
    job_id = await a_job(desk)
    made = await register(desk, kind="job", id=job_id)
    await end(desk, job_id)

    await register(desk, kind="job", id=job_id)
    (event,) = await desk.hub.log.events(EventQuery("jobs", 1, key=job_id))
    matcher = Matcher(await desk.store.registry())
    matched = matcher.match([event], None, 0, 10)

    ((_, event_id),) = await deliveries(desk, made.callback_id)
    assert [one.event_id for one in matched.deliveries] == [event_id]


async def test_an_end_that_is_told_anew_waits_for_the_first(desk: Desk) -> None:
    """What registering has found is in the callback's lane, like what the dispatcher finds."""
    made = await register(desk, kind="job", id=await a_job(desk, done=True))

    ((delivery, _),) = await desk.store.deliveries(DeliveryQuery(10, made.callback_id))

    assert delivery.lane == made.callback_id


async def test_a_callback_that_was_given_up_can_be_registered_again(desk: Desk) -> None:
    """Its receiver was away for days and is back: it is another one, and fires at once."""
    job_id = await a_job(desk, done=True)
    first = await register(desk, kind="job", id=job_id)
    await desk.attempt(Answer(status=410, failure="status"))

    again = await register(desk, kind="job", id=job_id)

    assert again.callback_id != first.callback_id
    assert again.secret is not None
    assert len(await deliveries(desk, again.callback_id)) == 1
    assert len(await deliveries(desk, first.callback_id)) == 1


async def test_a_foreign_end_is_not_told(desk: Desk) -> None:
    """Whoever knows the id of a job learns nothing by a callback that it could not read."""
    job_id = await a_job(desk, BERT, done=True)

    foreign = await register(desk, kind="job", id=job_id)
    own = await register(desk, BERT, kind="job", id=job_id)

    assert await deliveries(desk, foreign.callback_id) == []
    assert len(await deliveries(desk, own.callback_id)) == 1
    assert own.registered_callbacks == 1


async def test_an_end_that_history_has_forgotten_is_told_from_the_job(desk: Desk) -> None:
    """With an id that stays the same, so that the receiver knows it again."""
    job_id = await a_job(desk, done=True)
    head = (await desk.hub.log.state()).heads["jobs"].offset
    await desk.hub.log.prune("jobs", below=head + 1, limit=100)

    made = [await register(desk, kind="job", id=job_id, client_id=c) for c in ("a", "b")]

    found = [await desk.store.deliveries(DeliveryQuery(1, one.callback_id)) for one in made]
    bodies = [body for ((_, body),) in found]
    told = msgspec.json.decode(bodies[0].text)
    assert bodies[0].event_id == bodies[1].event_id
    assert (told["type"], told["data"]["status"], told.get("test")) == ("job_update", "DONE", None)


async def test_a_callback_that_was_made_is_not_made_again(desk: Desk) -> None:
    """Registered again, it says so."""
    job_id = await a_job(desk, done=True)
    made = await register(desk, kind="job", id=job_id)
    await desk.attempt(Answer(status=200))

    again = await register(desk, kind="job", id=job_id)

    seen = await desk.callbacks.list(ANNA, Subject("job", job_id))
    assert again.callback_id == made.callback_id
    assert [one.state for one in seen.callbacks] == ["delivered"]
    assert (again.registered_callbacks, seen.registered_callbacks) == (0, 0)
    assert len(await deliveries(desk, made.callback_id)) == 1


async def test_a_paused_callback_holds_its_end(desk: Desk) -> None:
    """Like what the dispatcher would make for it."""
    job_id = await a_job(desk)
    made = await register(desk, kind="job", id=job_id)
    await desk.endpoints.pause(ANNA, made.callback_id, "")
    await end(desk, job_id)

    await register(desk, kind="job", id=job_id)

    found = await desk.store.deliveries(DeliveryQuery(9, made.callback_id))
    assert [delivery.state for delivery, _ in found] == ["held"]


async def test_no_resource_has_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one principal, so that nobody keeps others out; and of all."""
    monkeypatch.setattr(callbacks, "MAX_OWN", 2)
    monkeypatch.setattr(callbacks, "MAX_A_RESOURCE", 3)
    for client in ("a", "b"):
        await register(desk, task_id="t", client_id=client)

    with pytest.raises(TooManyWebhooks, match="fewer than 2"):
        await register(desk, task_id="t", client_id="c")
    await register(desk, BERT, task_id="t")
    with pytest.raises(TooManyWebhooks, match="fewer than 3"):
        await register(desk, OPERATOR, task_id="t")


async def test_no_principal_waits_for_too_much(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each callback that waits costs memory of the dispatcher."""
    monkeypatch.setattr(callbacks, "MAX_WAITING", 2)
    for task in ("a", "b"):
        await register(desk, task_id=task)

    with pytest.raises(TooManyWebhooks, match="callbacks that wait"):
        await register(desk, task_id="c")
    await register(desk, BERT, task_id="c")


async def test_a_busy_dispatcher_makes_it_try_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moved the cursor in between; for ever, and the caller is asked to come back."""
    job_id = await a_job(desk, done=True)
    dispatch, refused = desk.store.dispatch, 3

    async def busy(step: Any) -> bool:
        nonlocal refused
        refused -= 1
        return False if refused >= 0 else await dispatch(step)

    monkeypatch.setattr(desk.store, "dispatch", busy)
    made = await register(desk, kind="job", id=job_id)
    refused = 1_000_000
    with pytest.raises(Overloaded, match="register it again"):
        await register(desk, kind="job", id=job_id, client_id="late")
    refused = 0
    late = await register(desk, kind="job", id=job_id, client_id="late")

    assert len(await deliveries(desk, made.callback_id)) == 1
    assert len(await deliveries(desk, late.callback_id)) == 1


def test_a_query_names_a_resource_like_a_body() -> None:
    """Without the `$` of a body's fields."""
    assert subject_of("t", None, None) == Subject("task", "t")
    with pytest.raises(InvalidFields, match=r"^task_id"):
        subject_of(None, None, None, "")


async def test_times_are_those_of_the_hub(desk: Desk) -> None:
    """The clock of the answer is that of the registration."""
    made = await register(desk, task_id="t")

    seen = await desk.callbacks.list(ANNA, Subject("task", "t"))
    assert made.timestamp == seen.timestamp == seen.callbacks[0].registered_at
