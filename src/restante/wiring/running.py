"""Whether a centre runs here: what must never be done beside one asks first.

A centre shares a lock on a file in its data folder for as long as it lives, and who puts a copy
back holds it alone; the kernel lets go of it however a process ends. Centres on other machines are
seen by their connections to the database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NAME: Final = "running"
"""An empty file in the data folder; it stays there when nobody runs."""


class Occupied(Exception):
    """Somebody else is at work in the folder; the message says what to do."""


@contextmanager
def told_to_run(data_dir: Path) -> Iterator[None]:
    """Let others see that a centre runs, until the block ends; several may.

    Raises
    ------
    Occupied
        While a copy is put back into the folder.
    """
    message = f"a copy is being put back into {data_dir}; start the centre when that is done"
    with _locked(data_dir, fcntl.LOCK_SH, message):
        yield


@contextmanager
def left_alone(data_dir: Path) -> Iterator[None]:
    """Keep centres from running in a folder until the block ends.

    Raises
    ------
    Occupied
        When one runs.
    """
    message = (
        f"a centre runs in {data_dir}: what it acknowledges would be lost; stop it, then try again"
    )
    with _locked(data_dir, fcntl.LOCK_EX, message):
        yield


@contextmanager
def _locked(data_dir: Path, how: int, message: str) -> Iterator[None]:
    descriptor = -1
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        # A folder that holds nothing but keys may be read-only; who cannot work there says so.
        pass
    try:
        if descriptor >= 0:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Occupied(message) from error
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
