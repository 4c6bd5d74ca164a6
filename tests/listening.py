"""Who listens where: the TCP sockets of some processes, as Linux counts them."""

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path

LISTEN = "0A"


def _address(text: str) -> str:
    """`0100007F` or its IPv6 like as an address; words of four bytes in the machine's order."""
    raw = bytes.fromhex(text)
    found = ipaddress.ip_address(b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4)))
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def _sockets(pid: int) -> set[str]:
    """Inodes of the sockets that a process holds."""
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except OSError:
            continue
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def listening(pids: Iterable[int]) -> list[tuple[str, int]]:
    """Address and port of every TCP socket on which these processes listen."""
    held: set[str] = set()
    for pid in pids:
        try:
            held |= _sockets(pid)
        except OSError:
            continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTEN and inode in held:
                host, port = local.split(":")
                found.append((_address(host), int(port, 16)))
    return found


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found
