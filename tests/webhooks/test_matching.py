"""Which endpoints an event goes to."""

from collections.abc import Sequence
from typing import Any

import pytest

from hub.model.endpoint import Callback, Endpoint, Registry
from hub.model.event import Event, encode
from hub.realtime.filters import Facts, Filter
from hub.webhooks.matching import Matched, Matcher
from support.clocks import START_US
from support.principals import principal
from support.webhooks import endpoint, told

MANY = 1_000


def matched(
    endpoints: Sequence[Endpoint],
    *events: Event,
    readers: Sequence[str] | None = None,
    most: int = MANY,
) -> Matched:
    """Return what becomes of events."""
    return Matcher(Registry(1, endpoints)).match(events, readers, START_US, most)


def goes(event: Event, *, readers: Sequence[str] | None = None, **endpoint_fields: Any) -> bool:
    """Say whether an event goes to an endpoint."""
    return bool(matched([endpoint(**endpoint_fields)], event, readers=readers).deliveries)


@pytest.mark.parametrize(
    ("fields", "gets"),
    [
        pytest.param({}, True, id="everything"),
        pytest.param({"event_types": ("order_*",)}, True, id="a group of types"),
        pytest.param({"event_types": ("job_*", "order_placed")}, True, id="one of several"),
        pytest.param({"event_types": ("job_*",)}, False, id="other types"),
        pytest.param({"event_types": ()}, False, id="no type"),
        pytest.param({"channels": ("ord*",)}, True, id="a group of channels"),
        pytest.param({"channels": ("jobs",)}, False, id="another channel"),
        pytest.param({"where": '{"n":[1,2]}'}, True, id="a field has one of the values"),
        pytest.param({"where": '{"n":3}'}, False, id="the field has another value"),
        pytest.param({"where": '{"n":"1"}'}, False, id="a text is no number"),
        pytest.param({"where": '{"type":"order_placed"}'}, True, id="a field of the envelope"),
        pytest.param({"starts": {"orders": 4}}, True, id="it came after the endpoint"),
        pytest.param({"starts": {"orders": 5}}, False, id="it came before the endpoint"),
        pytest.param({"starts": {"jobs": 9}}, True, id="another channel was behind"),
    ],
)
def test_an_endpoint_gets_what_it_asks_for(fields: dict[str, Any], gets: bool) -> None:  # noqa: FBT001
    """Type, channel, fields and the time of its making must all agree."""
    assert goes(told(5), **fields) is gets


@pytest.mark.parametrize(
    ("event", "readers", "reader", "gets"),
    [
        pytest.param(told(1), None, principal("s", "service"), True, id="a channel for all"),
        pytest.param(told(1), ("operator",), principal("s", "service"), False, id="not its role"),
        pytest.param(told(1), ("operator",), principal("o", "operator"), True, id="its role"),
        pytest.param(told(1), None, principal("p", "publisher"), False, id="may read no events"),
        pytest.param(
            told(1), None, principal("s", "service", channels=("jobs",)), False, id="other channels"
        ),
        pytest.param(
            told(1, channel="jobs"), None, principal("bob", "service"), False, id="a foreign job"
        ),
        pytest.param(told(1, channel="jobs"), None, principal("ann", "user"), True, id="its job"),
        pytest.param(
            told(1, channel="jobs"), None, principal("v", "viewer"), True, id="may see all jobs"
        ),
        pytest.param(
            told(1, channel="alerts"), None, principal("s", "service"), False, id="no alerts"
        ),
        pytest.param(told(1, channel="alerts"), None, principal("v", "viewer"), True, id="alerts"),
    ],
)
def test_an_endpoint_gets_what_its_reader_may_see(
    event: Event,
    readers: Sequence[str] | None,
    reader: Any,
    gets: bool,  # noqa: FBT001
) -> None:
    """A webhook is no way around the rights of who made it."""
    assert goes(event, readers=readers, reader=reader) is gets


def test_a_filter_does_not_widen_what_is_shown() -> None:
    """A filter and the owner's rights must both agree."""
    foreign = told(1, channel="jobs", owner="bob")

    assert not goes(foreign, reader=principal("ann", "user"), where='{"n":1}')
    assert goes(told(2, channel="jobs"), reader=principal("ann", "user"), where='{"n":1}')


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(told(0), id="a test"),
        pytest.param(told(0, volatile=True), id="a volatile event"),
    ],
)
def test_what_is_not_in_the_log_goes_nowhere(event: Event) -> None:
    """Only committed events are delivered."""
    assert not goes(event)


def test_the_text_is_what_sockets_get() -> None:
    """One event is one JSON object, whoever gets it; it is kept once for all endpoints."""
    event = told(3, trace="00-aa-bb-01")

    found = matched([endpoint("ep_1"), endpoint("ep_2")], event)

    assert [one.endpoint_id for one in found.deliveries] == ["ep_1", "ep_2"]
    assert [(one.event_id, one.text, one.trace) for one in found.bodies] == [
        (event.id, encode(event), event.trace)
    ]
    assert len({one.id for one in found.deliveries}) == 2


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_what_is_for_an_endpoint_that_takes_none_is_held(state: str) -> None:
    """Nothing is lost while an endpoint is paused."""
    found = matched([endpoint(state=state)], told(1))

    assert [one.held for one in found.deliveries] == [True]


def test_an_ordered_endpoint_has_a_lane_an_entity() -> None:
    """One after the other is an entity of a channel; others do not wait for it."""
    events = (told(1), told(2), told(3, key="o-2"), told(4, key=""))

    lanes = [one.lane for one in matched([endpoint(ordered=True)], *events).deliveries]

    assert lanes[0] == lanes[1]
    assert len(set(lanes)) == 3
    assert matched([endpoint()], told(1)).deliveries[0].lane is None


CALLBACK = Callback("job", "j-1", "c")
DONE = b'{"job_id":"j-1","status":"DONE"}'


@pytest.mark.parametrize(
    ("event", "gets"),
    [
        pytest.param(told(1, channel="jobs", key="j-1", data=DONE), True, id="its end"),
        pytest.param(
            told(1, channel="jobs", key="j-1", data=b'{"status":"failed"}'), True, id="in any case"
        ),
        pytest.param(
            told(1, channel="jobs", key="j-1", data=b'{"status":"RUNNING"}'), False, id="progress"
        ),
        pytest.param(told(1, channel="jobs", key="j-2", data=DONE), False, id="another's end"),
        pytest.param(told(1, channel="tasks", key="j-1", data=DONE), False, id="another kind"),
        pytest.param(
            told(1, channel="jobs", key="j-1", data=DONE, owner="bob"), False, id="a foreign job"
        ),
    ],
)
def test_a_callback_is_for_one_end(event: Event, gets: bool) -> None:  # noqa: FBT001
    """A callback gets the end of its resource, if its reader may see it, and nothing else."""
    assert goes(event, callback=CALLBACK, reader=principal("ann", "user")) is gets


def test_ends_that_are_told_again_wait_for_the_first() -> None:
    """A callback is sent one event; what comes behind it stands in its lane."""
    events = [told(n, channel="jobs", key="j-1", data=DONE) for n in (1, 2)]

    found = matched([endpoint("cb_1", callback=CALLBACK)], *events)

    assert {one.lane for one in found.deliveries} == {"cb_1"}


def test_a_step_is_bounded_and_takes_whole_events() -> None:
    """What has room goes into the step; the next event begins the next one."""
    endpoints = [endpoint(f"ep_{n}") for n in range(3)]

    found = matched(endpoints, told(7), told(8), told(9), most=7)

    assert (found.to, len(found.deliveries), len(found.bodies)) == (8, 6, 2)


def test_one_event_may_have_more_deliveries_than_a_step() -> None:
    """An event goes to all that want it, however many there are."""
    endpoints = [endpoint(f"ep_{n}") for n in range(9)]

    found = matched(endpoints, told(7), told(8), most=5)

    assert (found.to, len(found.deliveries)) == (7, 9)


def test_events_that_go_nowhere_are_passed_in_one_step() -> None:
    """The cursor gets past them."""
    found = matched([endpoint(event_types=("job_*",))], *(told(n) for n in range(1, 50)))

    assert (found.to, found.bodies, found.deliveries) == (49, [], [])


def test_where_nobody_wants_anything_is_known_beforehand() -> None:
    """A channel that no endpoint may read, or wants, need not be read; nor what came before."""
    late = endpoint("ep_1", channels=("orders",), starts={"orders": 7})
    later = endpoint("ep_2", channels=("orders",), starts={"orders": 9})
    matcher = Matcher(Registry(1, [late, later]))

    assert matcher.begins("orders", None) == 7
    assert matcher.begins("jobs", None) is None
    assert Matcher(Registry(1, ())).is_idle


@pytest.mark.parametrize("where", ["{}", "nonsense", '{"n":[]}'])
def test_a_filter_that_is_broken_lets_nothing_through(where: str) -> None:
    """And it is nobody else's trouble."""
    endpoints = [endpoint("ep_1", where=where), endpoint("ep_2")]

    found = matched(endpoints, told(1))

    assert [one.endpoint_id for one in found.deliveries] == ["ep_2"]


def test_many_channels_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was worked out is kept up to a bound, and comes to the same when it is not."""
    monkeypatch.setattr("hub.webhooks.matching._MAX_WISHES", 10)
    matcher = Matcher(Registry(1, [endpoint(f"ep_{n}") for n in range(4)]))

    for number in range(50):
        event = told(1, channel=f"c-{number}")
        assert len(matcher.match([event], None, START_US, MANY).deliveries) == 4

    assert len(matcher._channels) <= 2


def test_other_readers_count_at_once() -> None:
    """A channel that is closed while the hub runs is closed to endpoints, too."""
    matcher = Matcher(Registry(1, [endpoint(reader=principal("u", "user"))]))
    before = matcher.match([told(1)], None, START_US, MANY).deliveries

    after = matcher.match([told(2)], ("operator",), START_US, MANY).deliveries

    assert (len(before), len(after)) == (1, 0)


def test_a_thousand_filters_are_looked_up_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is not held against every filter: those with another value are never asked."""
    asked: list[Filter] = []
    matches = Filter.matches

    def counted(self: Filter, facts: Facts) -> bool:
        asked.append(self)
        return matches(self, facts)

    monkeypatch.setattr(Filter, "matches", counted)
    endpoints = [
        endpoint(f"ep_{n}", where=f'{{"n":{n},"type":"order_placed"}}') for n in range(1_000)
    ]

    found = matched(endpoints, told(1))

    assert [one.endpoint_id for one in found.deliveries] == ["ep_1"]
    assert len(asked) == 1
