"""Readers for public formats of siting problems: text in, a problem out.

OR-Library's instances have no clear licence, so none is shipped.
"""

from .orlib import BadInstance, read_capacitated, read_pmed

__all__ = ["BadInstance", "read_capacitated", "read_pmed"]
