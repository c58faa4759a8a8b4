"""How functions of this kernel are compiled: as :mod:`restante.planning.compiled` says."""

from typing import Any, Final

from ...compiled import Kernel

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}
"""Without Numba's counting of references: nothing is allocated here, and each use of a table would
cost two atomic operations. What that gains was not measured by itself."""

_KERNEL = Kernel(**OPTIONS)
compiled, inlined, kept = _KERNEL.compiled, _KERNEL.inlined, _KERNEL.kept
