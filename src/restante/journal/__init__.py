"""The record of what has happened: append-only streams, guarded by version, chained by hash.

Facts, current states, inline views and outbox rows are written in one transaction; the committer
gathers many operations into one. Adapters: memory and SQLite.

It must not know a parcel, a locker or a view: only facts, bytes and rows.
"""
