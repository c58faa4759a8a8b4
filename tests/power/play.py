"""A program to be killed: plays a story on real files and says everything it tells anybody.

``python -m tests.power.play FOLDER SEED TOLD [--plant NAME] [--kill POINT:NTH]``

TOLD is a file, or ``-`` for the standard output.
"""

import argparse
import os
import signal
from pathlib import Path

from tests.power.plants import planted
from tests.power.stage import Stage
from tests.power.story import Story
from tests.power.told import Teller


class Killer:
    """Ends this process without a word at the n-th passing of a point."""

    def __init__(self, text: str) -> None:
        self._point, _, nth = text.partition(":")
        self._left = int(nth or 1)
        self.is_armed = False

    def __call__(self, point: str) -> None:
        if not self.is_armed or point != self._point:
            return
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Play to the end, or until killed."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("seed", type=int)
    options.add_argument("told")
    options.add_argument("--plant", default="")
    options.add_argument("--kill", default="")
    chosen = options.parse_args()
    descriptor = 1
    if chosen.told != "-":
        descriptor = os.open(chosen.told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    killer = Killer(chosen.kill)
    with planted(chosen.plant):
        stage = Stage(chosen.folder, chosen.seed, Teller(descriptor), fault=killer)
        killer.is_armed = True
        Story(stage, chosen.seed).play()
        stage.close()


if __name__ == "__main__":
    main()
