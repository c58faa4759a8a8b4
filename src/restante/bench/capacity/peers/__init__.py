"""Other simulators, each a program of its own: parcels on standard input, what came of them out."""
