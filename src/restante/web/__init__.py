"""The pages of the centre for operators, couriers and recipients.

A door: it turns requests into operations and views into HTML. It must not know how a locker
controls its doors (``edge``) and must not decide anything that ``core`` decides.
"""
