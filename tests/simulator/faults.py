"""What goes wrong: news that are lost, nodes that die, disks that fail, networks that break."""

from simulator.world import Act, World


def drop(world: World) -> str:
    """A message is lost."""
    return world.broker.drop(world.random) if len(world.broker) else "nothing on its way"


def double(world: World) -> str:
    """A message will come twice."""
    return world.broker.double(world.random) if len(world.broker) else "nothing on its way"


def deafen(world: World) -> str:
    """A node hears nothing any more, or again."""
    node = world.any_node()
    if node is None:
        return "nobody is there"
    if node.name in world.broker.deaf:
        world.broker.mend(node.name)
        return f"{node.name} hears again"
    world.broker.deafen(node.name)
    return node.name


def crash(world: World) -> str:
    """A node is killed, in the middle of whatever it does."""
    node = world.any_node()
    if node is None:
        return "nobody is there"
    world.kill(node)
    return node.name


def crash_unsaid(world: World) -> str:
    """A node is killed between a commit and its announcement."""
    node = world.any_node()
    if node is None:
        return "nobody is there"
    before = sum(map(world.store.head, world.store.channels))
    for _ in range(4):
        node.tasks.run()
        if sum(map(world.store.head, world.store.channels)) > before:
            break
    world.kill(node)
    return node.name


def doubt(world: World) -> str:
    """The next commit is made, and the node that made it is not told."""
    world.store.doubtful = True
    return ""


def break_log(world: World) -> str:
    """The log can be read and written no more."""
    world.store.broken = True
    return ""


def lose(world: World) -> str:
    """A client's network breaks."""
    client = world.any_client()
    client.leave()
    return client.name


def abandon(world: World) -> str:
    """A client's network breaks, and its node does not notice."""
    client = world.any_client()
    client.abandon()
    return client.name


def restore(world: World) -> str:
    """All nodes stop, and the log is replaced by a backup of it, under a new epoch."""
    for node in tuple(world.nodes):
        world.kill(node)
    world.epochs += 1
    world.store.restore(f"e{world.epochs}", world.random.choice((0.5, 0.9, 1.0)))
    return world.store.epoch


FAULTS: tuple[tuple[Act, int], ...] = (
    (drop, 4),
    (double, 3),
    (deafen, 2),
    (crash, 1),
    (crash_unsaid, 1),
    (doubt, 1),
    (break_log, 1),
    (lose, 2),
    (abandon, 1),
)
# Of so many steps one: whoever reads from the beginning shall have some way to go.
RESTORE_EVERY = 1_500
