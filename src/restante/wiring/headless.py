"""Play a town without anybody watching, as fast as the machine can, and count what came of it."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.value import DAY, MINUTE, UtcSeconds
from ..partners.manifest_row import ManifestRow
from ..settings import Settings, read_settings
from ..sim.arrivals import consign_rows
from ..sim.report import Tally, count_tally
from ..sim.town import PARTNER
from .town import build_town

STARTS_AT = UtcSeconds(1_795_413_600)
"""Monday 23 November 2026, 06:00 UTC: the same life for the same seed on every machine."""

QUIET_SECONDS = 45 * MINUTE
"""Played after the last day, so that nothing is still on its way when it is counted."""


def play_headless(
    rows: Sequence[ManifestRow],
    *,
    seed: int,
    days: int,
    show: Callable[[float, str], None] = lambda _done, _word: None,
) -> Tally:
    """Announce the parcels of a manifest and play some days.

    Parameters
    ----------
    rows
        Good rows; their sites are those of the generated city.
    days
        1 or more.
    show
        Told after each day how many were played.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="restante-") as folder:
        town = build_town(
            _settings(Path(folder)),
            starts_at=STARTS_AT,
            seed=seed,
            is_watched=False,
        )
        try:
            town.world.announce(consign_rows(rows), partner=PARTNER)
            town.world.open_for_business()
            town.world.let_things_go_wrong(seed)
            for day in range(1, days + 1):
                town.world.agenda.run_until(STARTS_AT + day * DAY)
                show(day, f"day {day} of {days}")
            town.world.settle(QUIET_SECONDS)
            return count_tally(
                town.office.journal,
                town.stands,
                town.world.letters,
                notices_sent=town.notices_sent,
                seconds=time.perf_counter() - began,
            )
        finally:
            town.close()


def _settings(folder: Path) -> Settings:
    arguments = {"data_dir": folder, "network_name": "Doggerhaven", "zone": "Europe/Berlin"}
    return read_settings(environ={}, arguments=arguments)
