"""A small city behind the pages, once for each module; tests must not depend on each other."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.web.stage import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("stage"))
    opened.live_three_days()
    yield opened
    opened.close()


@pytest.fixture
def demo(stage: Stage) -> Iterator[TestClient[Litestar]]:
    """Visit a demonstration."""
    with TestClient(stage.app(), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def network(stage: Stage) -> Iterator[TestClient[Litestar]]:
    """Visit a real network, as nobody yet."""
    with TestClient(stage.app(is_demo=False), raise_server_exceptions=False) as client:
        yield client
