"""What a locker and the centre say to each other, and how they make sure it arrived.

``message`` says what, ``session`` how (without I/O); ``memory`` carries it inside one process,
``mqtt`` between machines.
The link knows no database and no lock; it moves facts up and the list of what a locker may do
down.
"""
