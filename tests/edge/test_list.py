"""A list that arrives while somebody stands at the door."""

import threading

from restante.core.grant import Purpose
from restante.core.ids import GrantId, ParcelId
from restante.core.value import DAY, UtcSeconds
from restante.link.message import CollectGrant, ListChange, PinVerifier
from tests.edge.cabinet import START, Cabinet

CODES = 200
TURNS = 60


def whole_list(parity: int) -> list[ListChange]:
    """Make a list by which every grant is for a parcel of this parity, and so is its code."""
    changes = []
    for number in range(CODES):
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
