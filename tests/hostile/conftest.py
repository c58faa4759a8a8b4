"""A centre on a real SQLite file, and a whole locker joined to it by a line somebody owns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.afar import Afar
from tests.operations.alone import Far
from tests.operations.house import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path)
    yield opened
    opened.centre.close()


@pytest.fixture
def afar(house: House) -> Afar:
    return Afar(house)


@pytest.fixture
def far(house: House) -> Far:
    locker = Far(house)
    locker.talk()
    return locker
