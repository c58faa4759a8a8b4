"""Couriers' routes: our search beside others, at equal time on one core, judged by one checker."""
