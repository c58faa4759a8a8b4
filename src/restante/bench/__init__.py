"""What the house can carry, measured: each bench runs the real parts and prints what it found.

Nothing of the product imports it.
"""
