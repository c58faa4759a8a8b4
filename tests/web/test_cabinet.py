"""How a locker is drawn, and what its states are called."""

import pytest

from restante.sim.town import locker_name
from restante.web.cabinet import door_state, draw_cabinet, link_state
from tests.web.stage import FRIDAY, OPERATOR, Stage


@pytest.mark.parametrize(
    ("content", "door", "out_of_service", "state"),
    [
        ("free", "closed", None, "free"),
        ("occupied", "closed", None, "occupied"),
        ("assigned", "closed", None, "reserved"),
        ("releasing", "closed", None, "reserved"),
        ("unclear", "closed", None, "uncertain"),
        ("occupied", "uncertain", None, "uncertain"),
        ("free", "closed", "dirty", "out_of_service"),
        ("free", "forced", "dirty", "open"),
        ("occupied", "open", None, "open"),
    ],
)
def test_what_is_physically_true_is_shown_first(
    content: str, door: str, out_of_service: str | None, state: str
) -> None:
    assert door_state(content=content, door=door, out_of_service=out_of_service) == state


def test_every_compartment_is_drawn_once_from_top_to_bottom_and_the_screen_has_its_place(
    stage: Stage,
) -> None:
    for site in stage.layouts:
        locker = stage.centre.queries.locker(OPERATOR, locker_name(site))
        drawn = draw_cabinet(locker, "x")
        cells = [cell for column in drawn["columns"] for cell in column["cells"]]
        names = [cell["id"] for cell in cells if "id" in cell]
        assert sorted(names) == sorted(one.spec.id for one in locker.compartments)
        assert sum(cell.get("kind") == "screen" for cell in cells) == 1


def test_a_locker_is_silent_after_ten_minutes(stage: Stage) -> None:
    sites = list(stage.layouts)
    now = stage.clock.now()
    assert now >= FRIDAY
    heard = stage.centre.queries.locker(OPERATOR, locker_name(sites[0]))
    lost = stage.centre.queries.locker(OPERATOR, locker_name(sites[2]))
    assert link_state(heard, FRIDAY).name == "connected"
    assert link_state(lost, FRIDAY).name == "silent"
