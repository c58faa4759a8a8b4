"""What the tests of access share: one keyring from a seed, and a time."""

import pytest

from restante.access import Keyring, Pepper
from restante.core.ids import SiteId
from restante.core.value import UtcSeconds

NOON = UtcSeconds(1_767_268_800)
SITE = SiteId("site-07")


@pytest.fixture
def keyring() -> Keyring:
    made = Keyring.in_memory(b"tests", NOON)
    made.make_peppers([SITE])
    return made


@pytest.fixture
def pepper(keyring: Keyring) -> Pepper:
    return keyring.pepper(SITE)
