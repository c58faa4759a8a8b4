"""Each class of rows that says something about people comes to its end, and not before."""

import pytest
from sqlalchemy import func, insert, select

from restante.core.ids import ParcelId
from restante.core.value import DAY, UtcSeconds
from restante.journal.tables import FACTS
from restante.operations.announce import Announced
from restante.operations.cancel import cancel
from restante.views.remote_tables import REMOTE_OPENINGS
from restante.views.tables import (
    ANOMALIES,
    CODES,
    CONTACTS,
    COURIER_LOGINS,
    COURIERS,
    SUBJECTS,
)
from tests.operations.house import House


def count(house: House, table: object) -> int:
    with house.centre.journal.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def pass_days(house: House, days: int) -> None:
    house.pass_time(days * DAY)
    house.centre.sweeper.turn()


def collected(house: House, label: str = "JJD01") -> Announced:
    announced = house.announce(label)
    house.deposit(announced.parcel)
    house.collect(announced.parcel)
    return announced


def test_codes_and_then_the_contact_go_after_the_parcel_has_ended(house: House) -> None:
    parcel = collected(house).parcel
    facts = count(house, FACTS)
    assert (count(house, CONTACTS), count(house, SUBJECTS)) == (1, 1)
    house.pass_time(DAY)
    # One that was left behind; the others went with their grant.
    left = _row(CODES, parcel=parcel, grant="left", recipient="x", issued_at=house.clock.now())
    with house.centre.journal.writing() as connection:
        connection.execute(insert(CODES).values(left))
    pass_days(house, 5)
    assert count(house, CODES) == 1
    pass_days(house, 3)
    assert count(house, CODES) == 0
    assert count(house, CONTACTS) == 1
    pass_days(house, 21)
    assert count(house, CONTACTS) == 1
    pass_days(house, 2)
    assert (count(house, CONTACTS), count(house, SUBJECTS)) == (0, 0)
    assert count(house, FACTS) >= facts


def test_a_contact_stays_while_any_parcel_waits(house: House) -> None:
    announced = house.announce()
    house.deposit(announced.parcel)
    pass_days(house, 60)
    assert count(house, CONTACTS) == 1


def test_a_cancelled_parcel_is_an_end_too(house: House) -> None:
    announced = house.announce()
    house.centre.run(cancel(house.centre.means, house.acme, parcel=ParcelId(announced.parcel)))
    pass_days(house, 31)
    assert count(house, CONTACTS) == 0


@pytest.mark.parametrize(("status", "is_kept"), [("open", True), ("handled", False)])
def test_handled_matters_of_doors_go_after_a_year(house: House, status: str, is_kept: bool) -> None:
    now = house.clock.now()
    row = {
        "owner": "x", "key": "1", "kind": "DoorForced", "detail": "", "noticed_at": now,
        "status": status, "handled_at": None if status == "open" else now, "note": "",
    }  # fmt: skip
    with house.centre.journal.writing() as connection:
        connection.execute(insert(ANOMALIES).values(row))
    pass_days(house, 365)
    assert count(house, ANOMALIES) == 1
    pass_days(house, 1)
    assert count(house, ANOMALIES) == int(is_kept)


def test_couriers_names_go_half_a_year_after_their_right_has_ended(house: House) -> None:
    now = house.clock.now()
    with house.centre.journal.writing() as connection:
        for name, until in (("old", now), ("new", now + 300 * DAY)):
            connection.execute(
                insert(COURIERS).values(_row(COURIERS, courier=name, login=name, valid_until=until))
            )
            connection.execute(
                insert(COURIER_LOGINS).values(_row(COURIER_LOGINS, login=name, courier=name))
            )
    before = count(house, COURIERS)
    pass_days(house, 183)
    assert count(house, COURIERS) == before
    pass_days(house, 1)
    house.centre.sweeper.turn()
    with house.centre.journal.reading() as connection:
        names = set(connection.scalars(select(COURIERS.c.courier)))
        logins = set(connection.scalars(select(COURIER_LOGINS.c.login)))
    assert "old" not in names | logins
    assert "new" in names & logins


def test_who_opened_a_door_is_known_for_two_years(house: House) -> None:
    values = _row(REMOTE_OPENINGS, locker="L", order_id="o1", asked_at=house.clock.now())
    with house.centre.journal.writing() as connection:
        connection.execute(insert(REMOTE_OPENINGS).values(values))
    pass_days(house, 730)
    assert count(house, REMOTE_OPENINGS) == 1
    pass_days(house, 1)
    assert count(house, REMOTE_OPENINGS) == 0


def _row(table: object, **known: object) -> dict[str, object]:
    row: dict[str, object] = {}
    for column in table.columns:  # type: ignore[attr-defined]
        kind = column.type.python_type
        row[column.name] = None if column.nullable else kind()
    return {**row, **known, **({"at": UtcSeconds(0)} if "at" in row else {})}
