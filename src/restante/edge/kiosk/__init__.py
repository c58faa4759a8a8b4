"""The screen of a locker: a flow that asks one question at a time, and the pages that show it.

The flow is a state machine over the controller and needs no browser; the pages are drawn from
what it shows and served on loopback.
"""
