"""Cut the power once more where it was cut before: ``python -m tests.power.replay STORY.CUT``.

``--plant NAME`` plants a fault first.
"""

import argparse
import sys

from tests.power.cuts import choose, cut_at, record
from tests.power.plants import PLANTS, VARIANTS, planted


def main() -> int:
    """Say what is broken; 1 when something is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("place", help="STORY.CUT as a campaign prints it")
    options.add_argument("--plant", default="", choices=["", *PLANTS, *VARIANTS])
    chosen = options.parse_args()
    story, _, cut = chosen.place.partition(".")
    ops = record(int(story), chosen.plant)
    place = choose(ops, int(story), int(cut))
    with planted(chosen.plant):
        broken = cut_at(ops, place)
    print(place, *(broken or ["nothing is broken"]), sep="\n  ")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
