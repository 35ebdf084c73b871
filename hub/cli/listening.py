"""What the process takes from the host before it serves: its address, and open files."""

import errno
import resource
import socket

from hub.errors import Misconfigured

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Who connects before the hub answers waits in its backlog.

    Raises:
        Misconfigured: Nothing can listen there.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        # Not SO_REUSEPORT: a second hub on the port must fail, not share its clients.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError as error:
        raise Misconfigured(_explain(error, host, port)) from error
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Misconfigured(_explain(error, host, port)) from error
    return listener


def listen_together(host: str, port: int, count: int) -> list[socket.socket]:
    """Return listening sockets on one port, among which the kernel shares the clients out.

    Raises:
        Misconfigured: Nothing can listen there, or somebody does already.
    """
    with listen(host, port) as alone:
        family, address = alone.family, alone.getsockname()
    listeners = []
    for _ in range(count):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listeners.append(listener)
    return listeners


def raise_open_files() -> int:
    """Allow as many open files, and so clients, as the host permits; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard


def url_host(host: str) -> str:
    """Return the host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is taken: stop what listens there, or choose another "
            f"with PORT={port % 65535 + 1} or --port (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose PORT=1024 or higher"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"HOST={host} is no address of this machine: choose HOST=127.0.0.1"
    return f"cannot listen on {host}:{port}: {error.strerror}; choose another HOST or PORT"
