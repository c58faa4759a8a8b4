"""What the public is told about a parcel."""

import pytest

from restante.core.status import Group, Status, public_status
from tools.reference.custody import STATES

PUBLIC = {
    "unknown": (Group.PROBLEM, Status.UNKNOWN),
    "announced": (Group.ANNOUNCED, Status.ANNOUNCED),
    "booked": (Group.ANNOUNCED, Status.BOOKED),
    "held": (Group.READY, Status.READY),
    "held, extended once": (Group.READY, Status.READY),
    "held, at its end": (Group.READY, Status.READY),
    "held, found": (Group.READY, Status.READY),
    "overdue": (Group.RETURNING, Status.OVERDUE),
    "collected": (Group.DONE, Status.COLLECTED),
    "retrieved": (Group.RETURNING, Status.RETURNING),
    "returned": (Group.RETURNED, Status.RETURNED),
    "cancelled": (Group.PROBLEM, Status.CANCELLED),
}


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_one_public_status(name: str):
    assert public_status(STATES[name]) == PUBLIC[name]


def test_there_are_nine_groups_for_ever():
    assert [str(group) for group in Group] == [
        "announced", "first_mile", "in_transit", "last_mile", "ready", "done", "returning",
        "returned", "problem",
    ]  # fmt: skip
