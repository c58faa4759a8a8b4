"""How long a month of a large network takes to measure."""
