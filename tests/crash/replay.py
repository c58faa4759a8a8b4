"""Play a story once more: ``python -m tests.crash.replay SEED [--rounds N] [--plant NAME]``.

Victims and what is asked follow from the seed; the moments are those of a real machine, so a story
that broke once is worth several tries.
"""

import argparse
import sys

from tests.crash.kills_under_load import VICTIMS, play
from tests.crash.plants import PLANTS, VICTIMS_OF


def main() -> int:
    """Say what is broken; 1 when something is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seed", type=int)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--plant", default="", choices=["", *PLANTS])
    chosen = options.parse_args()
    who = VICTIMS_OF.get(chosen.plant, VICTIMS)
    outcome = play(chosen.seed, chosen.rounds, fault=chosen.plant, who=who)
    print(outcome, *outcome.found.broken, sep="\n  ")
    return 1 if outcome.found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
