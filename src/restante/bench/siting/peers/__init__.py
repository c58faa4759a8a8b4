"""Programs that ask other planners, each in an environment of its own; never imported."""
