"""Where the house is put together: every object is built once here and passed down.

It decides nothing; it knows which adapter stands behind which port.
"""
