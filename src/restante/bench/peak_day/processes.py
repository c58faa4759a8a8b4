"""What processes and threads use: processor time and memory, each told apart (Linux)."""

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PARENT: Final = 1
_USER, _SYSTEM, _GONE_USER, _GONE_SYSTEM = 11, 12, 13, 14
"""Places in ``/proc/<pid>/stat`` after the name, counted from the state."""

_NUMBER: Final = re.compile(r"[-_ ]*\d+.*")
_TITLE: Final = re.compile(r"postgres: (?:\S+: )?([a-z ]+?) *$")
_SERVANTS: Final = frozenset(
    {"checkpointer", "background writer", "walwriter", "autovacuum launcher", "stats collector"}
)


class Use(NamedTuple):
    """What a process and its children have used so far."""

    cpu_s: float
    memory_mb: float
    """Resident now; of several processes the part each shares is divided among them."""


def measure(roots: Mapping[str, int]) -> dict[str, Use]:
    """Measure processes with all below them, by name."""
    parents = dict(_parents())
    return {name: _add(_family(root, parents)) for name, root in roots.items()}


def measure_threads() -> dict[str, float]:
    """Tell the processor seconds of this process's threads by name; those of a pool together."""
    used: dict[str, float] = {}
    for thread in threading.enumerate():
        # A thread that ends meanwhile has no clock any more.
        with contextlib.suppress(OSError):
            clock = time.pthread_getcpuclockid(thread.ident or 0)
            name = _NUMBER.sub("", thread.name)
            used[name] = used.get(name, 0.0) + time.clock_gettime(clock)
    return used


def measure_helpers(root: int) -> float:
    """Tell the processor seconds of all processes below one."""
    used = 0.0
    for pid in _family(root, dict(_parents())) - {root}:
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = _stat(pid)
            used += sum(int(fields[place]) for place in (_USER, _SYSTEM)) / _TICK
    return used


def measure_servers(root: int) -> dict[str, float]:
    """Tell the processor seconds of a PostgreSQL server's processes by what they are."""
    used: dict[str, float] = {}
    for pid in _family(root, dict(_parents())) - {root}:
        with contextlib.suppress(OSError, IndexError, ValueError):
            title = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").partition("\0")[0]
            match = _TITLE.match(title)
            name = "backends" if match is None or match[1] not in _SERVANTS else match[1]
            fields = _stat(pid)
            cpu_s = sum(int(fields[place]) for place in (_USER, _SYSTEM)) / _TICK
            used[name] = used.get(name, 0.0) + cpu_s
    return used


def _family(root: int, parents: Mapping[int, int]) -> set[int]:
    family = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        grown = bool(more)
        family |= more
    return family


def _add(family: Iterable[int]) -> Use:
    cpu_s = memory_mb = 0.0
    for pid in family:
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = _stat(pid)
            times = (_USER, _SYSTEM, _GONE_USER, _GONE_SYSTEM)
            cpu_s += sum(int(fields[place]) for place in times) / _TICK
            memory_mb += _memory_mb(pid)
    return Use(cpu_s, memory_mb)


def _parents() -> Iterable[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            pid = int(folder.name)
            yield pid, int(_stat(pid)[_PARENT])


def _stat(pid: int) -> list[str]:
    # The name is in parentheses and may hold anything.
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()


def _memory_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except OSError:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
