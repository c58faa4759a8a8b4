"""A list that arrives while somebody stands at the door."""

import statistics
import threading
from pathlib import Path
from time import perf_counter, process_time

import pytest

from restante.core.grant import Purpose
from restante.core.hold import HoldPolicy
from restante.core.ids import GrantId, ParcelId
from restante.core.size import ParcelSize
from restante.core.value import DAY, UtcSeconds
from restante.edge.store import open_locker_journal
from restante.link.message import CollectGrant, ExpectedParcel, ListChange, PinVerifier
from tests.edge.cabinet import PARTNER, START, Cabinet

CODES = 200
TURNS = 60


def whole_list(parity: int, codes: int = CODES) -> list[ListChange]:
    """Make a list by which every grant is for a parcel of this parity, and so is its code."""
    changes = []
    for number in range(codes):
        grant = GrantId(f"g{number}")
        collect = CollectGrant(
            grant=grant,
            parcel=ParcelId(f"p{2 * number + parity}"),
            purpose=Purpose.COLLECT,
            valid_from=START,
            valid_until=UtcSeconds(START + DAY),
        )
        typed = PinVerifier(grant=grant, selector=f"{number}", verifier=f"{parity}")
        changes += [
            ListChange(key=f"grant/{grant}", entry=collect),
            ListChange(key=f"pin/{grant}", entry=typed),
        ]
    return changes


def test_whoever_looks_while_lists_arrive_sees_one_list_whole() -> None:
    cabinet = Cabinet()
    lists = whole_list(0), whole_list(1)
    cabinet.controller.apply_list(lists[0], version=1, is_whole=True)
    is_over = threading.Event()
    seen: set[int] = set()
    torn: list[str] = []

    def look() -> None:
        while not is_over.is_set():
            allowed = cabinet.controller.allowed
            grants = [allowed.grant(GrantId(f"g{number}")) for number in range(CODES)]
            pins = [allowed.pins(f"{number}") for number in range(CODES)]
            parities = {int(grant.parcel[1:]) % 2 for grant in grants if grant is not None}
            parities |= {int(pin.verifier) for (pin,) in pins}
            seen.update(parities)
            if len(parities) != 1:
                torn.append(f"{parities}")

    looker = threading.Thread(target=look)
    looker.start()
    try:
        for turn in range(TURNS):
            cabinet.controller.apply_list(lists[turn % 2], version=turn + 2, is_whole=True)
    finally:
        is_over.set()
        looker.join(20)
    assert not torn
    assert seen == {0, 1}


def expected(number: int) -> ListChange:
    entry = ExpectedParcel(
        parcel=ParcelId(f"p{2 * number}"),
        partner=PARTNER,
        label=f"LABEL-{number}",
        size=ParcelSize(length_mm=300, width_mm=200, height_mm=60, weight_g=900),
        needs_low_door=False,
        hold=HoldPolicy(),
        deposit_until=UtcSeconds(START + DAY),
    )
    return ListChange(key=f"parcel/p{2 * number}", entry=entry)


@pytest.mark.slow
@pytest.mark.parametrize("entries", [3_801, 5_001])
def test_a_whole_new_list_takes_a_tenth_of_a_second_of_a_processor(
    entries: int, tmp_path: Path
) -> None:
    parcels = entries // 3
    changes = [*whole_list(0, parcels), *map(expected, range(parcels))]
    assert len(changes) == entries
    walls, processors = [], []
    for run in range(9):
        journal = open_locker_journal(str(tmp_path / f"{run}.sqlite"))
        controller = Cabinet(journal=journal).controller
        wall, processor = perf_counter(), process_time()
        controller.apply_list(changes, version=1, is_whole=True)
        walls.append(1000 * (perf_counter() - wall))
        processors.append(1000 * (process_time() - processor))
        controller.store.close()
    for name, taken in (("processor", processors), ("wall", walls)):
        middle = statistics.median(taken)
        print(
            f"{entries} entries, {name}: {min(taken):.0f} to {max(taken):.0f} ms, half {middle:.0f}"
        )
    assert statistics.median(processors) < 300
