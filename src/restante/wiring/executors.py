"""Who plans many depots: processes of this machine, or workers of a Dask cluster.

Each comes with a flag that all its workers can see, by which whoever waits cancels.
"""

import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

CONNECT_SECONDS: Final = 10.0
"""To find a cluster's scheduler."""

NAME: Final = "restante-plan-cancelled"


class NoCluster(ValueError):
    """A cluster cannot be used; says why, and what to do."""


class Workers(NamedTuple):
    """Who plans, and how to cancel."""

    make_executor: Callable[[], AbstractContextManager[Executor]]
    is_cancelled: Callable[[], bool]
    """Can be sent to workers."""
    cancel: Callable[[], None]


@contextmanager
def processes(count: int | None = None) -> Iterator[Workers]:
    """Use processes of this machine, one for each core unless told otherwise."""

    def make_executor() -> ProcessPoolExecutor:
        # Not forked: a fork copies locks of threads that the search's libraries keep.
        return ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_ignore_interrupts
        )

    with tempfile.TemporaryDirectory(prefix="restante-plan-") as folder:
        flag = FileFlag(f"{folder}/cancelled")
        yield Workers(make_executor, flag.is_set, flag.set)


@contextmanager
def cluster(address: str) -> Iterator[Workers]:
    """Use the workers of a Dask cluster, which need restante[planning] of the same version.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://planner:8786``.

    Raises
    ------
    NoCluster
        When Dask is not installed here, or the scheduler does not answer.
    """
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        raise NoCluster(f"a cluster needs {error.name}: install restante[cluster]") from error
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise NoCluster(
            f"no Dask scheduler answers at {address} ({type(error).__name__}): start one, or plan"
            " with processes of this machine"
        ) from error

    @contextmanager
    def make_executor() -> Iterator[Executor]:
        # Pure tasks of equal arguments would be one task; the client outlives its executor.
        yield client.get_executor(pure=False)

    with client:
        if not client.scheduler_info()["workers"]:
            raise NoCluster(f"the scheduler at {address} has no worker: start at least one")
        flag = distributed.Event(f"{NAME}-{client.id}", client=client)
        yield Workers(make_executor, ClusterFlag(flag.name, flag), flag.set)


class FileFlag:
    """A flag that processes of one machine see: a file that is there or is not."""

    def __init__(self, path: str) -> None:
        self._path = path

    def set(self) -> None:
        """Raise it."""
        Path(self._path).touch()

    def is_set(self) -> bool:
        """Whether it was raised."""
        return Path(self._path).exists()


class ClusterFlag:
    """A flag that workers of a cluster see, by its name."""

    def __init__(self, name: str, event: Any = None) -> None:
        self._name, self._event = name, event

    def __call__(self) -> bool:
        """Whether it was raised."""
        if self._event is None:
            self._event = import_module("distributed").Event(self._name)
        return bool(self._event.is_set())

    def __reduce__(self) -> tuple[type["ClusterFlag"], tuple[str]]:
        # A connection stays where it was made.
        return ClusterFlag, (self._name,)


def _ignore_interrupts() -> None:
    """Leave it to who started us to end: an interrupt of a terminal goes to all its processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
