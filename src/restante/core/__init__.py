"""The rules of the house: pure functions over frozen values.

The same core runs in the centre, in every locker and in the simulator. It has no clock, no dice,
no files, no network and no logging; time, chance and ids come in through the door. It raises
:class:`~restante.core.refusal.Refused` and nothing else.
"""
