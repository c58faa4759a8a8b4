"""Names of facts are for ever, so they are right from the first day."""

import ast
import re
from collections import Counter

from restante.core.value import Command, Fact
from tests.house.repository import SOURCE, name_of, parse, python_files
from tools.reference.machines import command_types, fact_types

TAG = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9]\d*")

NOT_IN_THE_CORE = {
    "src/restante/journal/port.py",  # The fact whose tag nobody knows.
    "src/restante/journal/bench.py",  # A fact without meaning, to measure with.
}


def tag_of(struct: type[Fact] | type[Command]) -> str:
    return str(struct.__struct_config__.tag)


def test_every_fact_is_tagged_with_noun_verb_and_version():
    tags = {fact.__name__: tag_of(fact) for fact in fact_types()}
    wrong = {name: tag for name, tag in tags.items() if not TAG.fullmatch(tag)}
    assert tags
    assert not wrong, f'write the tag as "<noun>.<past verb>.v<n>": {wrong}'


def test_no_two_facts_share_a_tag():
    counts = Counter(tag_of(fact) for fact in fact_types())
    assert not [tag for tag, count in counts.items() if count > 1]


def test_no_two_commands_of_one_machine_share_a_tag():
    counts = Counter((command.__module__, tag_of(command)) for command in command_types())
    assert not [tag for tag, count in counts.items() if count > 1]


def test_every_fact_is_a_sentence_a_custody_log_can_print():
    for fact in fact_types():
        sentence = (fact.__doc__ or "").strip()
        assert sentence.endswith("."), f"{fact.__name__}: {sentence!r}"
        assert "\n\n" not in sentence or sentence.split("\n\n")[0].endswith(".")


def test_facts_are_defined_in_the_core_only():
    elsewhere = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files("src")
        if SOURCE / "core" not in path.parents and name_of(path) not in NOT_IN_THE_CORE
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Fact" for base in node.bases)
    ]
    assert not elsewhere, f"every machine can be handed every fact: define it in core/: {elsewhere}"
