"""Lock boards behind one port: real ones speak over a wire, the simulated one has hands.

A driver opens a door once when asked and says what its sensors see. It must not know parcels,
people or permissions.
"""
