"""Interest: a node hears of what its clients follow, and of what they followed a moment ago."""

from hub.model.unit import Head
from hub.realtime.interest import Interest
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command


def interest_in() -> tuple[Interest, list[str]]:
    """Return an interest and the channels whose news come."""
    heard: list[str] = []
    return Interest(heard.append, heard.remove), heard


def test_the_first_follower_begins_and_no_other() -> None:
    """However many clients follow a channel, its news come once."""
    interest, heard = interest_in()

    interest.begin("orders")
    interest.begin("orders")

    assert heard == ["orders"]
    assert interest.followers == {"orders": 2}
    assert (interest.hears("orders"), interest.hears("jobs")) == (True, False)


def test_a_channel_is_left_when_nobody_has_followed_it_for_a_whole_round() -> None:
    """Who comes back between two sweeps finds it warm."""
    interest, heard = interest_in()
    interest.begin("orders")
    interest.end("orders")

    interest.sweep()
    interest.begin("orders")
    interest.end("orders")
    interest.sweep()
    kept = list(heard)
    interest.sweep()

    assert kept == ["orders"]
    assert heard == []
    assert not interest.followers


def test_a_followed_channel_is_not_swept() -> None:
    """As long as one client is left."""
    interest, heard = interest_in()
    for _ in range(2):
        interest.begin("orders")
    interest.end("orders")

    for _ in range(3):
        interest.sweep()

    assert heard == ["orders"]


def test_a_channel_that_no_news_told_of_is_looked_up_in_the_log() -> None:
    """It was made on another node a moment ago."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()
    _, session = node.connect(socket, [])
    log.heads["orders"] = Head(2)
    socket.take()

    session.receive(command(type="subscribe", channel="orders", id=1))
    session.receive(command(type="subscribe", channel="invoices", id=2))
    node.settle()

    subscribed, refused = socket.take()
    assert (subscribed["type"], subscribed["offset"]) == ("subscribed", 2)
    assert refused["details"]["code"] == "channel_not_found"
    assert node.followed[-1] == "orders"


def test_a_client_of_a_channel_that_was_not_heard_stands_at_the_logs_head() -> None:
    """Nobody followed it here, so this node may know an old head only."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()
    _, session = node.connect(socket, [])
    for _ in range(2):
        node.fanout.interest.sweep()
    for _ in range(3):
        log.append("jobs")
    socket.take()

    session.receive(command(type="subscribe", channel="jobs"))
    session.receive(command(type="subscribe", channel="contracts", snapshot=True))
    node.settle()

    kinds = [(frame["type"], frame.get("offset")) for frame in socket.take()]
    assert kinds[0] == ("subscribed", 3)
    assert [kind for kind, _ in kinds[1:]] == ["subscribed", "snapshot", "snapshot"]


def test_a_history_is_that_of_the_log_where_nothing_was_heard() -> None:
    """Made on another node a moment ago, or followed by nobody here: the reply tells one truth."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()
    _, session = node.connect(socket, [])
    for channel in ("orders", "jobs"):
        log.begin(channel)
        log.append(channel)
    socket.take()

    for channel in ("orders", "jobs", "invoices"):
        session.receive(command(type="get_history", channel=channel))
    node.settle()

    orders, jobs, refused = socket.take()
    assert (orders["offset"], orders["events"]) == (1, [{"offset": 1}])
    assert (jobs["offset"], jobs["events"]) == (1, [{"offset": 1}])
    assert refused["details"]["code"] == "channel_not_found"


def test_a_client_that_leaves_twice_is_counted_once() -> None:
    """Unsubscribed, and then gone."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, ["jobs", "contracts"])

    session.receive(command(type="unsubscribe", channel="jobs"))
    session.lost()

    assert not node.fanout.interest.followers
