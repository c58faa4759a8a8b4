"""The tables in the reference are what the rules answer, whole and in every cell."""

from pathlib import Path
from typing import get_args

import pytest

from restante.core import compartment, parcel
from restante.core.content import Content
from restante.core.door import Door
from restante.core.refusal import Reason, Refused
from tools.generate_docs import NOTE
from tools.reference import compartments, custody

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "make_page"),
    [("custody.md", custody.write_page), ("compartments.md", compartments.write_page)],
)
def test_a_table_in_the_reference_is_what_the_rules_answer(page: str, make_page):
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert text == NOTE + make_page(), f"run `make docs-generate` and read what changed in {page}"


def test_every_state_and_command_of_a_parcel_has_its_row_and_column():
    assert {type(state) for state in custody.STATES.values()} == set(get_args(parcel.Parcel))
    shown = {type(command) for command in custody.COMMANDS.values()}
    assert shown == set(get_args(parcel.ParcelCommand))


def test_every_command_of_a_compartment_has_its_row():
    shown = {type(command) for command in compartments.COMMANDS.values()}
    assert shown == set(get_args(compartment.CompartmentCommand))
    assert {state.content for state in compartments.STATES.values()} == set(Content)
    assert {state.door for state in compartments.STATES.values()} == set(Door)


@pytest.mark.parametrize("state", custody.STATES)
@pytest.mark.parametrize("command", custody.COMMANDS)
def test_every_cell_is_facts_nothing_or_a_reason(state: str, command: str):
    """Closed decide: never another exception, never a fact that changes an end."""
    before = custody.STATES[state]
    try:
        facts = parcel.decide(before, custody.COMMANDS[command])
    except Refused as refusal:
        assert refusal.reason in Reason
        return
    after = parcel.DECIDER.fold(facts, before)
    assert not (facts and isinstance(before, parcel.Collected | parcel.Returned))
    assert all(fact.at == custody.COMMANDS[command].at for fact in facts)
    assert (after == before) is (not facts)
