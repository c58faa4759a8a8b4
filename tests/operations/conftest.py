"""A centre on a virtual clock, with a site, a locker and two partners, on a real SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.house import House, copy_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = copy_house(tmp_path)
    yield opened
    opened.centre.close()
