"""Rooms stay small enough to be held in one head."""

from tests.house.repository import functions_of, line_count, name_of, python_files

MODULE_LINES_MAX = 600
"""Hard limit; 300 is the aim (CONTRIBUTING)."""

FUNCTION_LINES_MAX = 60
"""Hard limit without docstring; 40 is the aim (CONTRIBUTING)."""


def test_no_module_is_longer_than_can_be_read_at_once():
    sizes = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("src", "tools", "tests")
    }
    too_long = {name: size for name, size in sizes.items() if size > MODULE_LINES_MAX}
    assert not too_long, f"split by noun, not by kind: {too_long}"


def test_no_function_is_longer_than_a_screen():
    too_long = {
        f"{name_of(path)}:{function.lineno} {function.name}": line_count(function)
        for path in python_files("src", "tools")
        for function in functions_of(path)
        if line_count(function) > FUNCTION_LINES_MAX
    }
    assert not too_long, f"keep the branches in the parent, move work to the leaves: {too_long}"
