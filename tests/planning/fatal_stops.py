"""Stops that kill the process they are made in: apart, so that workers import little."""

import os
import signal
from pathlib import Path

from restante.planning.stop import MaxIterations, Stop

ITERATIONS = 60


class KillsOnce:
    """Makes stops; the first one asked for dies, as when memory has run out."""

    def __init__(self, flag: str) -> None:
        self.flag = flag

    def __call__(self) -> Stop:
        try:
            Path(self.flag).touch(exist_ok=False)
        except FileExistsError:
            return MaxIterations(ITERATIONS)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class KillsAlways:
    """Makes a stop for nobody: every process that asks dies."""

    def __call__(self) -> Stop:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError
