"""Capacity beside its peers: the simulation beside SimPy and Ciw, policies beside the optimum."""
