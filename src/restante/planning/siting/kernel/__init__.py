"""The search for sites and its bounds: compiled, on arrays alone.

It must not know problems or results. Every function here is ordinary Python as well: with
``NUMBA_DISABLE_JIT=1`` the same code runs uncompiled, which is how tests read it.

References
----------
Resende & Werneck, A fast swap-based local search procedure for location problems, Annals of
Operations Research 150 (2007): first and second nearest site of every cell.
Beasley, Lagrangean heuristics for location problems, EJOR 65 (1993): the bound.
"""
