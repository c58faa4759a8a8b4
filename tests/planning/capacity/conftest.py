"""The kernel is compiled by whichever test comes first, where no machine code is kept yet."""

import pytest

COMPILING_SECONDS_MAX = 900
"""Far more than was ever measured, on a machine with other work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "capacity":
            item.add_marker(pytest.mark.timeout(COMPILING_SECONDS_MAX))
