"""Reading a problem, and every command that plans nothing, costs no second for a kernel."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "program",
    [
        "import restante.cli.app",
        "from restante.planning.routing import Problem, Result, check, keep_close_to",
        "import restante.planning.routing.changes_applied",
    ],
)
def test_no_kernel_and_no_solver_is_loaded_where_nothing_is_planned(program: str):
    heavy = "('numba', 'highspy', 'scipy', 'pyvrp', 'sklearn', 'matplotlib', 'ibis')"
    told = f"{program}; import sys; print([x for x in {heavy} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_not_there_is_named():
    import restante.planning.routing as room

    with pytest.raises(AttributeError, match="no attribute 'solver_of_everything'"):
        room.solver_of_everything  # noqa: B018
    assert all(getattr(room, name) is not None for name in room.__all__)
