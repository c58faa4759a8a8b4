"""How a network does: measures over event tables, each defined once.

The tables (:mod:`.tables`) are made from the journal by :mod:`restante.operations.event_fold`;
measures (:mod:`.catalogue`) are Ibis expressions over them, so that the same definition runs on
DuckDB in one process and on a Spark cluster. Nothing heavy is imported before it is used.
"""
