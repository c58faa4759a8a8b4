"""The commands of restante: what a person or a script types.

Standard output carries results, standard error talk; ``--json`` gives one object; progress is
drawn only on a terminal; an error names its fix and leaves no traceback unless ``--debug`` asks.
Heavy modules are imported inside the commands, so that ``--help`` is quick.
"""

from .app import main

__all__ = ["main"]
