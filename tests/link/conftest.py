"""A broker of its own for tests that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.link.broker import Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    private = Broker(tmp_path / "broker")
    private.start()
    yield private
    private.kill()
