"""The kernel is compiled by whichever test comes first, where no machine code is kept yet."""

import pytest

COMPILING_SECONDS_MAX = 900
"""Far more than was measured on a machine with other work (docs/explanation/siting.md)."""


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernel() -> None:
    from restante.planning.siting import warm_up

    warm_up()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "siting":
            item.add_marker(pytest.mark.timeout(COMPILING_SECONDS_MAX))
