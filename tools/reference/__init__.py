"""The pages of ``docs/reference/`` that are written by a program and compared by a test.

Each module makes one page from the code itself: a function without arguments that returns
Markdown. :mod:`tools.generate_docs` lists them. They know the core and what is said on the link,
and no adapter.
"""
