"""What all tests share: how Hypothesis searches, and nothing else.

Rooms keep their own fixtures beside their tests. Sockets reach this machine only
(``--allow-hosts`` in pyproject.toml), and every warning is an error.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # Two busy cores say nothing about an algorithm.
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
