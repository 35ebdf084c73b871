"""The processes behind a port of this machine: their processor time and memory, from /proc."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
ELSEWHERE = "not this machine"
_LISTEN = "0A"
_PROC = Path("/proc")


class Processes:
    """Everything that serves one port: who listens there, and all that they started."""

    def __init__(self, roots: frozenset[int]) -> None:
        self._roots = roots

    def cpu_s(self) -> float:
        """Return the processor time that they have used."""
        return sum(_cpu_s(pid) for pid in self._tree())

    def memory_bytes(self) -> int:
        """Return the memory that they hold; what several share counts once."""
        return sum(_memory_bytes(pid) for pid in self._tree())

    def _tree(self) -> set[int]:
        parents = {pid: _parent(pid) for pid in _pids()}
        tree = set(self._roots)
        while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
            tree |= more
        return tree


def serving(host: str, port: int) -> Processes | str:
    """Return who serves a port, or in words why that cannot be told."""
    if not _is_here(host):
        return ELSEWHERE
    if not (_PROC / "self" / "fd").exists():
        return "not told by this system: no /proc"
    roots = _holders(_listening(port))
    return Processes(roots) if roots else "the server's process is not ours to see"


def _is_here(host: str) -> bool:
    # An address can be bound on the machine that has it, and nowhere else.
    for family, kind, _, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind(address)
            except OSError:
                continue
            return True
    return False


def _listening(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        path = _PROC / "net" / table
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return inodes


def _holders(sockets: set[str]) -> frozenset[int]:
    return frozenset(pid for pid in _pids() if sockets & set(_open_files(pid)))


def _open_files(pid: int) -> Iterator[str]:
    try:
        for entry in (_PROC / str(pid) / "fd").iterdir():
            yield str(entry.readlink())
    except OSError:
        return  # somebody else's, or gone meanwhile


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _cpu_s(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _memory_bytes(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        resident = (_PROC / str(pid) / "statm").read_text().split()[1]
    except OSError:
        return 0
    return int(resident) * os.sysconf("SC_PAGE_SIZE")
