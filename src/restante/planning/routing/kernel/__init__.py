"""The search: ruin and recreate under simulated annealing, compiled, on arrays alone.

It must not know problems or results, only what :mod:`.state` lays out. Every function here is
ordinary Python as well: with ``NUMBA_DISABLE_JIT=1`` the same code runs uncompiled and gives the
same plan for the same seed and the same number of iterations, which is how tests read it.

References
----------
Christiaens & Vanden Berghe, Slack Induction by String Removals for Vehicle Routing Problems,
Transportation Science 54 (2020).
"""
