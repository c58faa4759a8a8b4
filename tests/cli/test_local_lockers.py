"""Lockers in the centre's own process: what other machines are told when they are enrolled."""

from pathlib import Path

from restante.edge.kiosk.kiosk import Kiosk
from restante.views.device_tables import ACTIVE, find_device_keys
from restante.wiring.locker import LockerFile
from restante.wiring.service import LocalLockers
from tests.operations.house import LOCKER, SITE, House, layout, open_house


def test_the_centre_believes_their_receipts_and_they_know_its_address(tmp_path: Path) -> None:
    house = open_house(tmp_path / "centre")
    file = LockerFile(
        locker=LOCKER,
        site=SITE,
        name="Here",
        data=tmp_path / "locker.sqlite",
        keys=tmp_path / "locker.keys",
        compartments=layout(),
    )
    for _ in range(2):
        lockers = LocalLockers(house.centre, [file])
        kiosk = lockers.kiosks[LOCKER]
        assert isinstance(kiosk, Kiosk)
        assert kiosk.config.centre_url == house.centre.settings.public_url
        lockers.close()
    assert statuses(house) == [ACTIVE]
    assert [path.stat().st_mode & 0o777 for path in tmp_path.glob("*.device.key")] == [0o600]
    house.centre.close()


def statuses(house: House) -> list[str]:
    with house.centre.journal.reading() as connection:
        return [key.status for key in find_device_keys(connection, LOCKER)]
