"""The simulator: the same rooms as in life, on a virtual clock, with simulated people and locks.

It holds a generated city to live in. It decides nothing itself: every rule it exercises is the
one of :mod:`restante.core`, and the same seed gives the same life.
"""
