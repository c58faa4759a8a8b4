"""What the past says: forecasts, measures, and how far to believe them.

Pure functions: data in, results out. Nothing here reads a journal or a clock.
"""
