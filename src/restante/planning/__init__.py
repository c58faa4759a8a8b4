"""Planners: data in, a result out, with no files, no network, no clock and no dice of their own.

A planner is ``solve(problem, stop, seed) -> Result``. It is given everything it needs to know and
decides nothing for good: accepting a plan is a command, carrying it out is operations' work. This
room must not know journals, links, codes or databases. It needs ``restante[planning]``.
"""
