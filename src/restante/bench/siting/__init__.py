"""Our choice of sites beside that of other programs, on public instances and generated cities."""
