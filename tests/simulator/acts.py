"""What happens in any hub: posts, ticks, reads, clients that come, go and ask."""

import msgspec

from hub.model.event import Draft
from hub.model.unit import Decision, Rows, Unit
from simulator.content import TYPE, content
from simulator.store import CHANNELS, LATER
from simulator.world import Act, World

# Some of the largest are more than a page, and more than one write may have.
_PADS = (*(2,) * 60, *(1_000,) * 20, 30_000)


def post(world: World) -> str:
    """Somebody sends a unit to a node: events of one or two channels, some large, some tests."""
    node = world.any_node()
    if node is None:
        return "nobody is there"
    channels = world.random.choice((*((name,) for name in CHANNELS), CHANNELS, (LATER,)))
    drafts = []
    for channel in channels * world.random.choice((1, 1, 1, 3, 9)):
        world.number += 1
        pad = "x" * world.random.choice(_PADS)
        data = msgspec.json.encode({**content(world.number).data(), "pad": pad})
        test = world.random.random() < 0.02
        drafts.append(Draft(channel, TYPE, data, test=test))
    node.post(_unit(channels, drafts))
    return f"{len(drafts)} to {','.join(channels)} at {node.name}"


def tick(world: World) -> str:
    """One node's loop makes a tick."""
    node = world.any_node()
    if node is None:
        return "nobody is there"
    node.fake_timers.tick()
    return node.name


def work(world: World) -> str:
    """A disk answers: one piece of one node's work goes on."""
    nodes = world.working()
    if not nodes:
        return "nothing to do"
    node = world.random.choice(nodes)
    return f"{node.name} {node.tasks.step(world.random)}"


def carry(world: World) -> str:
    """A message arrives."""
    return world.broker.carry(world.random) if len(world.broker) else "nothing on its way"


def confirm(world: World) -> str:
    """Nodes begin to hear the channels that they want to follow."""
    return world.broker.confirm()


def sweep(world: World) -> str:
    """A node looks which channels nobody follows there."""
    node = world.any_node(up=True)
    if node is None:
        return "nobody is there"
    node.fanout.interest.sweep()
    return node.name


def wait(world: World) -> str:
    """Time passes for the world, and for most nodes: some stall."""
    world.wait(world.random.choice((0.001, 0.01, 0.05, 0.2, 0.6)), stall=0.15)
    return f"until {world.now_s:.3f}"


def read(world: World) -> str:
    """A client reads some of what has come."""
    client = world.any_client()
    if world.random.random() > client.pace:
        return f"none by {client}"
    count = client.read(world.random.choice((1, 5, 50, 1_000)))
    return f"{count} by {client}"


def come(world: World) -> str:
    """A client that has no socket connects to some node."""
    client, node = world.any_client(), world.any_node(up=True)
    if client.pipe is not None or node is None:
        return f"not {client.name}"
    client.come(node)
    return str(client)


def resubscribe(world: World) -> str:
    """A client subscribes once more on the same socket."""
    client = world.any_client()
    reader = world.random.choice(tuple(client.readers.values()))
    if client.pipe is None or reader.waiting is not None:
        return f"not {client.name}"
    client.ask(reader, again=True)
    return f"{client.name} {reader}"


def ask(world: World) -> str:
    """A client asks for something else; the answers fill its socket too."""
    client = world.any_client()
    if client.pipe is None:
        return f"not {client.name}"
    if world.random.random() < 0.5:
        client.look_back()
    else:
        client.say({"type": "ping"})
    return client.name


def nag(world: World) -> str:
    """A client asks again for what was refused."""
    client = world.any_client()
    client.nag()
    return client.name


def prune(world: World) -> str:
    """A node's retention forgets, now and then nearly all."""
    node = world.any_node(up=True)
    channel = world.random.choice(tuple(world.store.channels))
    keep = world.random.choice((0, 0, 2, 20, 100))
    below = world.store.head(channel) + 1 - keep
    if node is None or below <= world.store.history(world.store.epoch, channel).told:
        return "nothing to forget"
    node.prune(channel, below)
    return f"{channel} below {below} by {node.name}"


def start(world: World) -> str:
    """A node that is down starts."""
    return world.start_one()


def mend_log(world: World) -> str:
    """The log can be read and written again, if it could not."""
    world.store.broken = False
    return ""


def _unit(channels: tuple[str, ...], drafts: list[Draft]) -> Unit:
    def decide(_rows: Rows) -> Decision:
        return Decision([], drafts, _answer)

    return Unit("me", [], channels, decide)


def _answer(_events: object) -> bytes:
    return b"{}"


ACTS: tuple[tuple[Act, int], ...] = (
    (post, 40),
    (tick, 30),
    (work, 80),
    (carry, 50),
    (confirm, 8),
    (sweep, 2),
    (wait, 14),
    (read, 40),
    (come, 14),
    (resubscribe, 2),
    (ask, 2),
    (nag, 2),
    (prune, 5),
    (start, 5),
    (mend_log, 10),
)
