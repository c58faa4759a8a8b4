"""The API does what its document says, for whatever requests the document allows or forbids.

Schemathesis makes requests up from the OpenAPI document and follows what they created; every
check it has is on: no failure of ours, answers as described, what is described is accepted, what
is not is refused, no answer without a key, nothing found after it was taken away.
"""

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from tests.api.conftest import Door
from tests.operations.house import open_house

CONFIG = {
    "seed": 7,
    "generation": {"max-examples": 10, "deterministic": True, "database": "none"},
    "checks": {
        # A request may be exactly as described and still name no parcel's label or no site.
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "503"]
        },
    },
}


@pytest.fixture(scope="module")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    house = open_house(tmp_path_factory.mktemp("api"))
    door = Door(house)
    for n in range(4):
        done = door.announce(f"ABC-000-00{n}")
        if n == 0:
            house.deposit(done["id"])
    yield door
    house.centre.close()


def test_the_api_does_what_its_document_says(open_door: Door):
    config = SchemathesisConfig.from_dict(
        {**CONFIG, "headers": {"Authorization": f"Bearer {open_door.operator}"}}
    )
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", open_door.app, config=config)
    told: list[str] = []
    tested = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            told.append(str(event.exception if hasattr(event, "exception") else event.value))
        if not isinstance(event, events.ScenarioFinished):
            continue
        tested += len(event.recorder.cases)
        told += failures_of(event)
    assert not told, "\n\n".join(dict.fromkeys(told))
    assert tested > 500


def failures_of(event: events.ScenarioFinished) -> list[str]:
    """Write down what failed, with the request that can be sent again."""
    return [
        f"{event.recorder.label} [{event.phase.value}] {check.name}: "
        f"{check.failure_info.failure.title}: {check.failure_info.failure.message}\n"
        f"{check.failure_info.code_sample}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.status == Status.FAILURE and check.failure_info is not None
    ]
