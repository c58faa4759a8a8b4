"""One word per idea, and no room for things without a noun."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.repository import ROOT, SOURCE, functions_of, name_of, parse, python_files

ROOMS_WITHOUT_A_NOUN = {
    "base", "common", "constants", "core_utils", "exceptions", "helper", "helpers", "manager",
    "managers", "misc", "models", "shared", "types", "util", "utils",
}  # fmt: skip

VERBS_THAT_SAY_NOTHING = ("do_", "get_", "handle_data", "process_")

CALLED_BY_LIBRARIES = {"do_GET", "do_POST", "get_logger"}
"""Names that a library chose: we can only fill them."""

FORBIDDEN_WORDS = {
    "allocate": "book (capacity) or assign (a compartment)",
    "allocated": "booked or assigned",
    "allocation": "booking or assignment",
    "apm": "locker",
    "cabinet": "locker (cabinet is its furniture, in a drawing only)",
    "cabinets": "lockers",
    "cell": "compartment",
    "cells": "compartments",
    "customer": "recipient or sender",
    "customers": "recipients or senders",
    "dropoff": "deposit",
    "parcelshop": "counter or pickup point",
    "pudo": "pickup point",
    "reservation": "booking",
    "reservations": "bookings",
    "reserve": "book",
    "reserved": "booked",
    "shipment": "parcel or consignment",
    "shipments": "parcels or consignments",
    "station": "site",
    "stations": "sites",
}
"""Synonyms of the glossary that have no other meaning in a program; the word to use instead."""

ROOMS_WITH_WORDS_OF_THEIR_OWN = {
    # A manifest has rows and cells; GS1's GSIN is a shipment's number.
    "src/restante/partners/": {"cell", "cells", "shipment", "shipments"},
    # Demand comes from the cells of a map: that is the word of all who plan sites.
    "src/restante/planning/siting/": {"cell", "cells"},
    "src/restante/bench/siting/": {"cell", "cells"},
    "src/restante/cli/plan_sites": {"cell", "cells"},
    "src/restante/web/site_map": {"cell", "cells"},
    "src/restante/web/study_sheet.py": {"cell", "cells"},
    "src/restante/wiring/site_tables.py": {"cell", "cells"},
    "src/restante/wiring/study_kinds/sites.py": {"cell", "cells"},
    # A map is searched by the cells of a grid; a generated cabinet is as high as a wall allows.
    "src/restante/sim/": {"cabinet", "cell", "cells"},
    # A drawing shows the cabinet: its cells are doors, and also the screen and blank panels.
    "src/restante/web/cabinet.py": {"cabinet", "cell", "cells"},
    "src/restante/web/operator_sites.py": {"cabinet"},
}

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def test_every_module_says_what_it_is():
    silent = [
        name_of(path)
        for path in python_files("src", "tools", "tests")
        if path.read_text(encoding="utf-8").strip() and ast.get_docstring(parse(path)) is None
    ]
    assert not silent, f"add a module docstring: what it is, what it must not know: {silent}"


def test_every_module_has_a_noun():
    nameless = [
        name_of(path)
        for path in python_files("src", "tools")
        if {path.stem, path.parent.name} & ROOMS_WITHOUT_A_NOUN
    ]
    assert not nameless, f"name what it is about (CONTRIBUTING, where does my file go): {nameless}"


def test_every_function_says_what_it_does():
    vague = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in python_files("src", "tools")
        for function in functions_of(path)
        if function.name.lstrip("_").startswith(VERBS_THAT_SAY_NOTHING)
        and function.name not in CALLED_BY_LIBRARIES
    ]
    assert not vague, f"find_x may be None, read_x does I/O, make_x builds: {vague}"


def test_the_glossary_is_spoken_in_the_source():
    wrong = [
        f"{name_of(path)}:{line} {name}: say {FORBIDDEN_WORDS[word]}"
        for path in python_files("src")
        for name, line in defined_names(path)
        for word in words_of(name)
        if word in FORBIDDEN_WORDS and word not in own_words(path)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_forbidden_word_stands_beside_the_right_one_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for entry in (
        "compartment",
        "locker",
        "cabinet",
        "custody",
        "turn-away",
        "anomaly",
        "the list",
    ):
        assert f"\n{entry}\n" in glossary


@pytest.mark.parametrize(
    "room", sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name[0] != "_")
)
def test_every_room_says_what_it_is_at_its_door(room: str):
    folder = SOURCE / room
    if not any(folder.rglob("*.py")):
        pytest.skip("holds no Python")
    door = folder / "__init__.py"
    assert door.exists(), f"{name_of(folder)} needs an __init__.py with a docstring"
    assert ast.get_docstring(parse(door)), f"{name_of(door)} needs a docstring"


def own_words(path: Path) -> set[str]:
    """Find the words that mean something else in a room."""
    own = (
        words
        for room, words in ROOMS_WITH_WORDS_OF_THEIR_OWN.items()
        if name_of(path).startswith(room)
    )
    return set().union(*own)


def words_of(name: str) -> set[str]:
    """Take an identifier apart into lower-case words."""
    return {word.lower() for word in WORD.findall(name)}


def defined_names(path: Path) -> Iterator[tuple[str, int]]:
    """List the names a module itself gives: not those it uses of others."""
    yield path.stem, 1
    for node in ast.walk(parse(path)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case _:
                pass
