"""What the centre can be asked to do: announce, book, correct, extend, ingest a report, ...

Each function returns an :class:`~restante.journal.ledger.Operation`, a value; a door gives it to
the committer. An operation touches one or a few streams and commits all or nothing. Bad input
raises with a message that says what to do, and leaves no trace.

It must not know HTTP, pages or brokers, and it asks nobody for the time: the ledger tells it.
"""
