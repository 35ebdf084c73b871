"""The processes behind a port are found, with all that they have started."""

import os
import socket
import subprocess
import sys

from hub.bench.processes import Processes, serving


def test_who_listens_is_found_by_the_port() -> None:
    """The process that holds the listening socket is the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = serving("127.0.0.1", listener.getsockname()[1])

    assert isinstance(server, Processes)
    assert server._roots == {os.getpid()}
    assert server.cpu_s() > 0
    assert server.memory_bytes() > 2**20


def test_children_belong_to_the_server() -> None:
    """What a server has started counts as the server."""
    server = Processes(frozenset({os.getpid()}))
    program = "print(len(bytes(range(256)) * 400_000), flush=True); input()"
    before = server.memory_bytes()

    with subprocess.Popen(
        [sys.executable, "-c", f"x = bytes(range(256)) * 400_000; {program}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        after = server.memory_bytes()
        child.communicate(b"\n")

    assert after - before > 90 * 2**20


def test_another_machine_is_told_of() -> None:
    """An address that this machine does not have (RFC 5737) is another machine's."""
    assert serving("192.0.2.1", 80) == "not this machine"


def test_port_of_nobody_is_told_of() -> None:
    """Where nobody of ours listens, nothing is measured, and that is said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert serving("127.0.0.1", port) == "the server's process is not ours to see"
