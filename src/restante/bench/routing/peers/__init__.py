"""Other planners of routes, one module each: a question in, an answer out, both JSON.

They are run as files by the interpreter of an environment that has nothing of ours, so each imports
only its planner and what Python brings. Where its planner is missing, it ends with status 3.
"""
