"""How functions of this kernel are compiled: as :mod:`restante.planning.compiled` says."""

from ...compiled import Kernel

_KERNEL = Kernel(nogil=True, error_model="numpy")
compiled, inlined, kept = _KERNEL.compiled, _KERNEL.inlined, _KERNEL.kept
