"""The kernel is compiled without counting of references, as its option says."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit

from restante.planning.routing.kernel.compiled import OPTIONS


class Pair(NamedTuple):
    first: Any
    second: Any


def pick(pair: Pair, i: int) -> Any:
    picked = pair.first if i > 0 else pair.second
    return picked[i]


@pytest.mark.parametrize("is_counted", [True, False])
def test_references_are_counted_unless_the_option_of_the_kernel_forbids_it(is_counted: bool):
    assert OPTIONS["_nrt"] is False
    made = njit(**{**OPTIONS, "_nrt": is_counted})(pick)
    assert made(Pair(np.zeros(3), np.ones(3)), 0) == 1.0
    [code] = made.inspect_llvm().values()
    assert ("NRT_incref" in code or "NRT_decref" in code) == is_counted
