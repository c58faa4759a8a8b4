"""Our forecasts beside those of other programs, on the same days."""
