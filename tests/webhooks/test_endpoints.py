"""Endpoints: made, shown, changed, paused, removed; and whose they are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.errors import (
    Conflict,
    Forbidden,
    HubError,
    InvalidFields,
    RateLimited,
    TooManyWebhooks,
    WebhookNotFound,
)
from hub.model.endpoint import SCHEDULE, Clearing
from hub.model.principal import ANONYMOUS, Principal
from hub.model.scope import WEBHOOKS_ANY
from hub.webhooks import endpoints
from hub.webhooks.callback_forms import NewCallback
from hub.webhooks.endpoint_forms import EndpointChange, Resuming, SecretRotation
from hub.webhooks.endpoint_reading import FAST
from hub.webhooks.endpoint_telling import bare
from hub.webhooks.endpoints import Page
from hub.webhooks.pauses import HeldPolicy
from hub.webhooks.sender import Answer
from support.principals import principal
from support.webhook_desk import ANNA, BERT, OPERATOR, ROOT, URL, Desk, open_desk
from support.webhook_scene import pause

HOUR_S = 3600


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The use cases."""
    async with open_desk(tmp_path) as opened:
        yield opened


async def test_an_endpoint_begins_at_the_head_with_one_key(desk: Desk) -> None:
    """With everything that was asked for; its secret is in this answer alone."""
    made = await desk.make(
        event_types=["contract_update", "job_*"],
        where={"location": ["Mumbai"]},
        ordered=True,
        head="skip",
        profile="fast",
        headers={"X-Key": "s3cret"},
        rate_per_s=5,
    )

    shown = await desk.endpoints.get(ANNA, made.webhook_id)
    told = msgspec.json.encode(shown).decode()
    kept, _ = await desk.store.endpoint(made.webhook_id) or (None, None)
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert (shown.owner, shown.state, shown.headers) == ("anna", "active", ["x-key"])
    assert shown.schedule == [*FAST]
    assert shown.where == {"location": ["Mumbai"]}
    assert (shown.ordered, shown.head, shown.rate_per_s) == (True, "skip", 5)
    assert kept is not None
    assert kept.reader == ANNA
    assert made.secret not in told
    assert "s3cret" not in told + str(kept)
    assert desk.changes


async def test_without_wishes_it_gets_everything_for_three_days(desk: Desk) -> None:
    """The defaults of the contract."""
    made = await desk.make()

    assert (made.event_types, made.channels, made.where) == (["*"], [], {})
    assert (made.schedule, made.client_errors, made.signature) == ([*SCHEDULE], "retry", "v1")


async def test_an_empty_schedule_is_a_wish(desk: Desk) -> None:
    """No further attempts; not the default."""
    assert (await desk.make(schedule=[])).schedule == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param({"event_types": ["Job"]}, "$.event_types", id="a type that none can be"),
        pytest.param({"event_types": ["a*b*c*d*"]}, "$.event_types", id="too many stars"),
        pytest.param({"channels": ["Orders!"]}, "$.channels", id="a channel that none can be"),
        pytest.param({"where": {"a": []}}, "$.where.a", id="a filter without values"),
        pytest.param({"description": "a\nb"}, "$.description", id="what moves a cursor"),
        pytest.param({"schedule": [1], "profile": "fast"}, "$.profile", id="two schedules"),
        pytest.param({"headers": {"Host": "a"}}, "$.headers", id="a header of the hub's"),
        pytest.param({"headers": {"Webhook-Id": "a"}}, "$.headers", id="a header of the signature"),
        pytest.param({"headers": {"Hub-Hop": "a"}}, "$.headers", id="the header of loops"),
        pytest.param({"headers": {"Content-Length": "1"}}, "$.headers", id="a smuggler's header"),
        pytest.param({"headers": {"a": "b\r\nc: d"}}, "$.headers.a", id="one header more"),
        pytest.param({"headers": {"a b": "c"}}, "$.headers", id="a name that is none"),
        pytest.param({"headers": {"A": "1", "a": "2"}}, "$.headers", id="a name twice"),
        pytest.param({"headers": {str(n): "a" for n in range(21)}}, "$.headers", id="too many"),
    ],
)
async def test_what_cannot_be_is_refused(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    """With the field, what was expected and what came; and nothing is made."""
    with pytest.raises(InvalidFields) as refused:
        await desk.make(**wrong)

    assert refused.value.fields[0].field.replace("'", "").lower().startswith(field)
    assert (await desk.endpoints.list(ROOT, Page(10))).webhooks == []


async def test_an_address_is_kept_in_one_form(desk: Desk) -> None:
    """What is shown is what is called: no letters that look like others, or like nothing."""
    made = await desk.make(url="https://Shop.example/Hook")

    changed = await desk.endpoints.change(
        ANNA, made.webhook_id, EndpointChange(url="HTTPS://shop.example/b")
    )

    assert (made.url, changed.url) == ("https://shop.example/hook", "https://shop.example/b")


async def test_a_filter_is_not_large(desk: Desk) -> None:
    """Every process that sends has those of all endpoints in memory, for as long as it lives."""
    values = ["x" * 170] * 100

    with pytest.raises(InvalidFields) as refused:
        await desk.make(where={"a": values, "b": 1})

    assert [fault.field for fault in refused.value.fields] == ["$.where"]
    await desk.make(where={"a": values[:90]})


async def test_an_address_is_judged_at_once(desk: Desk) -> None:
    """When it is made and when it is changed."""
    made = await desk.make()

    with pytest.raises(InvalidFields, match="HOST"):
        await desk.make(url="ftp://example.com")
    with pytest.raises(InvalidFields, match="HOST"):
        await desk.endpoints.change(ANNA, made.webhook_id, EndpointChange(url="ftp://example.com"))


async def test_a_value_of_a_header_is_not_told_when_it_is_wrong(desk: Desk) -> None:
    """It may be a password."""
    with pytest.raises(InvalidFields) as refused:
        await desk.make(headers={"Authorization": "Bearer s3cret\n"})

    assert "s3cret" not in str(refused.value)


async def test_who_may_read_nothing_gets_no_endpoint(desk: Desk) -> None:
    """A webhook that never comes would be a riddle."""
    publisher = principal("pia", "publisher")

    with pytest.raises(Forbidden, match="events:read"):
        await desk.make(publisher)


async def test_a_channel_that_one_may_not_read_is_refused_by_name(desk: Desk) -> None:
    """Of a pattern one gets what one may."""
    few = principal("anna", "service", channels=("orders.*",))

    with pytest.raises(Forbidden, match="jobs"):
        await desk.make(few, channels=["jobs"])
    assert (await desk.make(few, channels=["*"])).channels == ["*"]


CALLS: dict[str, Callable[[Desk, Principal, str], Awaitable[object]]] = {
    "get": lambda d, p, w: d.endpoints.get(p, w),
    "change": lambda d, p, w: d.endpoints.change(p, w, EndpointChange(description="x")),
    "rotate": lambda d, p, w: d.endpoints.rotate(p, w, SecretRotation()),
    "pause": lambda d, p, w: d.endpoints.pause(p, w, ""),
    "resume": lambda d, p, w: d.endpoints.resume(p, w),
    "remove": lambda d, p, w: d.endpoints.remove(p, w),
    "test": lambda d, p, w: d.trials.test(p, w),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_foreign_endpoint_is_not_there(desk: Desk, call: str) -> None:
    """Neither is one that nobody has; the answers are alike."""
    made = await desk.make()

    for webhook_id in (made.webhook_id, "ep_none"):
        with pytest.raises(WebhookNotFound, match=webhook_id):
            await CALLS[call](desk, BERT, webhook_id)
    assert (await desk.endpoints.list(BERT, Page(10))).webhooks == []
    assert (await desk.endpoints.get(ANNA, made.webhook_id)).state == "active"


@pytest.mark.parametrize("call", ["get", "pause", "resume", "remove", "test"])
async def test_operators_see_and_stop_the_webhooks_of_all(desk: Desk, call: str) -> None:
    """They run the hub."""
    made = await desk.make()

    await CALLS[call](desk, OPERATOR, made.webhook_id)


@pytest.mark.parametrize(
    "change",
    [
        EndpointChange(url="https://evil.example"),
        EndpointChange(event_types=["a"]),
        EndpointChange(channels=["orders.a"]),
        EndpointChange(where={"a": 1}),
        EndpointChange(headers={"a": "b"}),
    ],
    ids=["the address", "the types", "the channels", "the filter", "the headers"],
)
async def test_who_may_read_less_does_not_say_where_it_goes(
    desk: Desk, change: EndpointChange
) -> None:
    """Another credential of the same name, or of an operator, would get what it may not read."""
    made = await desk.make(ROOT)
    narrow = principal("root", "admin", channels=("orders.*",))

    for somebody in (narrow, OPERATOR):
        with pytest.raises(Forbidden, match="maker of this webhook"):
            await desk.endpoints.change(somebody, made.webhook_id, change)
        with pytest.raises(Forbidden, match="maker of this webhook"):
            await desk.endpoints.rotate(somebody, made.webhook_id, SecretRotation())
    assert (await desk.endpoints.get(ROOT, made.webhook_id)).url == URL
    await desk.endpoints.change(narrow, made.webhook_id, EndpointChange(rate_per_s=1, url=URL))


async def test_a_change_leaves_the_rest_as_it_is(desk: Desk) -> None:
    """And null gives the default back."""
    made = await desk.make(schedule=[7], headers={"a": "b"}, description="old")

    changed = await desk.endpoints.change(
        ANNA, made.webhook_id, EndpointChange(description="new", schedule=None)
    )

    assert (changed.description, changed.headers) == ("new", ["a"])
    assert changed.schedule == [*SCHEDULE]


async def test_another_address_begins_with_good_health(desk: Desk) -> None:
    """It is not to blame for what the old one did."""
    made = await desk.make()
    for offset in range(1, 7):
        await desk.deliver(made.webhook_id, offset)
    await desk.attempt(Answer(failure="connect"))
    before = await desk.endpoints.get(ANNA, made.webhook_id)

    after = await desk.endpoints.change(
        ANNA, made.webhook_id, EndpointChange(url="https://other.example")
    )

    assert before.health.circuit == "open"
    assert (after.health.circuit, after.health.failing_since) == ("closed", None)
    assert after.receipts == before.receipts


async def test_a_paused_endpoint_holds_and_goes_on(desk: Desk) -> None:
    """With a reason; twice is once; what is held is to be sent."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, 1)

    paused = await desk.endpoints.pause(ANNA, made.webhook_id, "holidays")
    again = await desk.endpoints.pause(ANNA, made.webhook_id, "")
    resumed = await desk.endpoints.resume(ANNA, made.webhook_id)

    assert (paused.state, paused.why, paused.waiting) == ("paused", "holidays", {"held": 1})
    assert again == paused
    assert (resumed.state, resumed.why, resumed.waiting) == ("active", "", {"held": 1})
    assert [one.clearing for one in (paused, resumed)] == [False, True]


@pytest.mark.parametrize(
    ("held", "clearing"),
    [
        pytest.param(None, Clearing(), id="it is sent, unless something else is said"),
        pytest.param("send", Clearing(), id="it is sent"),
        pytest.param("leave", None, id="it is left"),
        pytest.param("discard", Clearing(2), id="what is there by now is discarded"),
    ],
)
@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_what_becomes_of_what_was_held(
    desk: Desk, held: HeldPolicy | None, clearing: Clearing | None, state: str
) -> None:
    """Whoever stopped the endpoint: what it missed is not lost in silence."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, 1, 2)
    await pause(desk.store, made.webhook_id, state)

    await desk.endpoints.resume(ANNA, made.webhook_id, Resuming(held=held))

    found = await desk.store.endpoint(made.webhook_id)
    assert found is not None
    assert (found[0].state, found[0].clearing) == ("active", clearing)


async def test_an_active_endpoint_is_resumed_by_what_is_named(desk: Desk) -> None:
    """Nothing happens without; what was left is sent later, and its health stays."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, 1)
    await desk.attempt(Answer(failure="connect", detail="refused"))
    before = await desk.endpoints.get(ANNA, made.webhook_id)

    same = await desk.endpoints.resume(ANNA, made.webhook_id)
    later = await desk.endpoints.resume(ANNA, made.webhook_id, Resuming(held="send"))
    stopped = await desk.endpoints.resume(ANNA, made.webhook_id, Resuming(held="leave"))

    assert [one.clearing for one in (same, later, stopped)] == [False, True, False]
    assert before.health.failures == stopped.health.failures == 1


async def test_whoever_answers_for_it_adopts_what_is_nobodys(desk: Desk) -> None:
    """It gets what that one may read, and is that one's; without `adopt` it stays as it is."""
    made = await desk.make(ANONYMOUS)
    await pause(desk.store, made.webhook_id)

    with pytest.raises(Conflict, match="expected `adopt`"):
        await desk.endpoints.resume(OPERATOR, made.webhook_id)
    adopted = await desk.endpoints.resume(OPERATOR, made.webhook_id, Resuming(adopt=True))

    found = await desk.store.endpoint(made.webhook_id)
    assert found is not None
    assert found[0].reader == OPERATOR._replace(expires_us=None)
    assert (adopted.state, adopted.owner) == ("active", OPERATOR.name)
    own = await desk.store.endpoints(9, None, OPERATOR.name)
    assert [one.id for one, _ in own] == [made.webhook_id]


@pytest.mark.parametrize(
    ("owner", "adopter", "refusal"),
    [
        pytest.param(ANNA, OPERATOR, Conflict, id="it is somebody's"),
        pytest.param(
            ANONYMOUS._replace(credential="key:1"), ROOT, Conflict, id="somebody has that name"
        ),
        pytest.param(ANONYMOUS, ANNA, WebhookNotFound, id="who sees their own alone"),
        pytest.param(
            ANONYMOUS, OPERATOR._replace(scopes=frozenset({WEBHOOKS_ANY})), Forbidden,
            id="who may read nothing",
        ),
    ],
)  # fmt: skip
async def test_nothing_else_is_adopted(
    desk: Desk, owner: Principal, adopter: Principal, refusal: type[HubError]
) -> None:
    """Nor by anybody."""
    made = await desk.make(owner)

    with pytest.raises(refusal):
        await desk.endpoints.resume(adopter, made.webhook_id, Resuming(adopt=True))


async def test_where_nobody_is_known_nothing_is_adopted(desk: Desk) -> None:
    """With AUTH=off everybody goes on with everything."""
    made = await desk.make(ANONYMOUS)
    await pause(desk.store, made.webhook_id)

    resumed = await desk.endpoints.resume(ANONYMOUS, made.webhook_id)

    assert (resumed.state, resumed.owner) == ("active", "anonymous")


async def test_who_is_paused_is_not_clearing(desk: Desk) -> None:
    """What was left of it is decided on anew."""
    made = await desk.make()
    await desk.endpoints.pause(ANNA, made.webhook_id, "")
    await desk.endpoints.resume(ANNA, made.webhook_id)

    paused = await desk.endpoints.pause(ANNA, made.webhook_id, "again")
    resumed = await desk.endpoints.resume(ANNA, made.webhook_id, Resuming(held="leave"))

    assert (paused.clearing, resumed.clearing) == (False, False)


async def test_a_reason_is_shown_as_it_is_written(desk: Desk) -> None:
    """It turns no text around, and gives no terminal orders."""
    made = await desk.make()

    for reason in ("a\u202eb", "a\x1b[2J", "a\nb"):
        with pytest.raises(InvalidFields, match="printable"):
            await desk.endpoints.pause(ANNA, made.webhook_id, reason)

    assert (await desk.endpoints.get(ANNA, made.webhook_id)).state == "active"


async def test_a_disabled_endpoint_is_resumed_not_paused(desk: Desk) -> None:
    """410 has disabled it; its health begins anew."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, 1)
    await desk.attempt(Answer(status=410, failure="status"))

    with pytest.raises(Conflict, match="410"):
        await desk.endpoints.pause(ANNA, made.webhook_id, "")
    resumed = await desk.endpoints.resume(ANNA, made.webhook_id)

    assert (resumed.state, resumed.health.failures) == ("active", 0)


async def test_keys_overlap_and_end(desk: Desk) -> None:
    """The older ones sign until the overlap ends, five at most; 0 ends them at once."""
    made = await desk.make()
    shown = [made]
    for _ in range(4):
        shown.append(await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation()))  # noqa: PERF401 one after the other

    with pytest.raises(Conflict, match="fewer than 5"):
        await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation())
    ends = [key.until for key in shown[-1].keys]
    last = await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation(overlap_s=0))

    assert len({one.secret for one in [*shown, last]}) == 6
    assert ends[0] is None
    assert all(ends[1:])
    assert len(ends) == 5
    assert [key.until for key in last.keys] == [None]


async def test_a_longer_overlap_does_not_give_an_old_key_more_time(desk: Desk) -> None:
    """It ends when it was told to."""
    made = await desk.make()
    hour = await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation(overlap_s=HOUR_S))
    week = await desk.endpoints.rotate(
        ANNA, made.webhook_id, SecretRotation(overlap_s=7 * 24 * HOUR_S)
    )

    assert week.keys[2].until == hour.keys[1].until

    desk.hub.clock.advance(HOUR_S + 1)
    assert len((await desk.endpoints.get(ANNA, made.webhook_id)).keys) == 2


async def test_an_asymmetric_key_has_no_secret_to_share(desk: Desk) -> None:
    """Its public half is shown, and published with the others."""
    made = await desk.make(signature="v1a")
    await desk.make(BERT)

    document = msgspec.json.decode(await desk.published.document())

    assert made.secret is None
    assert made.keys[0].public_key is not None
    assert made.keys[0].public_key.startswith("whpk_")
    assert [key["kid"] for key in document["keys"]] == [made.keys[0].key_id]
    assert {key["crv"] for key in document["keys"]} == {"Ed25519"}


async def test_a_rotation_may_change_the_kind_of_key(desk: Desk) -> None:
    """Else it stays; both sign meanwhile."""
    made = await desk.make(signature="v1a")

    same = await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation())
    other = await desk.endpoints.rotate(ANNA, made.webhook_id, SecretRotation(signature="v1"))

    assert (same.signature, other.signature) == ("v1a", "v1")
    assert [key.kind for key in other.keys] == ["v1", "v1a", "v1a"]


async def test_the_published_keys_follow_a_second_later(desk: Desk) -> None:
    """Anybody may ask, so they are not gone through each time."""
    before = await desk.published.document()
    await desk.make(signature="v1a")

    assert await desk.published.document() is before
    desk.hub.clock.advance(1)
    assert await desk.published.document() != before


async def test_a_removed_endpoint_is_gone(desk: Desk) -> None:
    """Also for the dispatcher."""
    made = await desk.make()

    await desk.endpoints.remove(ANNA, made.webhook_id)

    with pytest.raises(WebhookNotFound):
        await desk.endpoints.remove(ANNA, made.webhook_id)
    assert (await desk.store.registry()).endpoints == ()


async def test_endpoints_are_listed_page_by_page(desk: Desk) -> None:
    """Newest first, one's own; callbacks are not among them."""
    made = [await desk.make(description=str(number)) for number in range(3)]
    await desk.make(BERT)
    await desk.callbacks.register(ANNA, NewCallback(task_id="t", client_id="c", callback_url=URL))

    first = await desk.endpoints.list(ANNA, Page(2))
    assert first.next is not None
    at, _, name = first.next.partition(".")
    second = await desk.endpoints.list(ANNA, Page(2, (int(at), name)))

    ids = [one.webhook_id for one in [*first.webhooks, *second.webhooks]]
    assert sorted(ids) == sorted(one.webhook_id for one in made)
    assert second.next is None
    assert len((await desk.endpoints.list(OPERATOR, Page(10))).webhooks) == 4


async def test_one_principal_has_not_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it asks for all of them at the same time; others may go on."""
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 3)

    made = await asyncio.gather(*(desk.make() for _ in range(9)), return_exceptions=True)

    refused = [one for one in made if isinstance(one, HubError)]
    assert len(made) - len(refused) == 3
    assert {type(one) for one in refused} == {TooManyWebhooks}
    await desk.make(BERT)


async def test_the_hub_has_not_too_many(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callbacks count, for the dispatcher looks at them too."""
    monkeypatch.setattr(endpoints, "MAX_ALL", 1)
    await desk.callbacks.register(ANNA, NewCallback(task_id="t", client_id="c", callback_url=URL))

    with pytest.raises(TooManyWebhooks, match="this hub"):
        await desk.make(BERT)


async def test_a_callback_is_not_changed_but_seen_and_removed(desk: Desk) -> None:
    """It is for one end; register another one."""
    made = await desk.callbacks.register(
        ANNA, NewCallback(task_id="t", client_id="c", callback_url=URL)
    )
    webhook_id = made.answer.callback_id

    with pytest.raises(Conflict, match="callback"):
        await desk.endpoints.change(ANNA, webhook_id, EndpointChange(description="x"))
    assert (await desk.endpoints.get(ANNA, webhook_id)).url == URL
    await desk.endpoints.remove(ANNA, webhook_id)


async def test_a_test_tells_no_more_than_status_and_duration(desk: Desk) -> None:
    """The event is signed, marked as a test, and goes to the address."""
    made = await desk.make()
    desk.sender.answer = Answer(500, "status", "d", "10.0.0.1", body=b"s3cret", total_us=2_500)

    outcome = await desk.trials.test(ANNA, made.webhook_id)

    (request,) = desk.sender.sent
    sent = msgspec.json.decode(request.body)
    assert (outcome.delivered, outcome.status, outcome.failure) == (False, 500, "status")
    assert outcome.duration_ms == 2.5
    assert outcome.__struct_fields__ == ("id", "delivered", "status", "failure", "duration_ms")
    assert (request.url, sent["test"], sent["id"]) == (URL, True, outcome.id)
    assert "s3cret" not in str(outcome)


async def test_tests_are_no_way_to_flood_somebody(desk: Desk) -> None:
    """One every other second."""
    made = await desk.make()

    tried = [desk.trials.test(ANNA, made.webhook_id) for _ in range(5)]
    outcomes = await asyncio.gather(*tried, return_exceptions=True)

    refused = sum(isinstance(one, RateLimited) for one in outcomes)
    assert len(desk.sender.sent) == len(outcomes) - refused <= 2
    desk.hub.clock.advance(2)
    await desk.trials.test(ANNA, made.webhook_id)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        pytest.param("https://a.example:8443/h?key=s", "https://a.example:8443/h", id="a port"),
        pytest.param("http://[::1]:3000/h", "http://[::1]:3000/h", id="an address of IPv6"),
        pytest.param("https://a.example/h?key=s", "https://a.example/h", id="a secret query"),
    ],
)
def test_the_audit_log_says_where_what_goes(url: str, kept: str) -> None:
    """With the port, for that may be another server; without the query, which may be secret."""
    assert bare(url) == kept
