"""What every page module is given.

A page module has one public function, ``routes(parts) -> list of route handlers``;
:mod:`.app_routes` puts them together. It must not know which page modules exist.
"""

from typing import NamedTuple

from .centre import Centre
from .demo_controls import DemoControls
from .live import Live
from .live_events import Watch
from .page import Pages
from .session import Sessions


class Parts(NamedTuple):
    """What pages are built with."""

    centre: Centre
    pages: Pages
    sessions: Sessions
    live: Live
    watch: Watch
    demo: DemoControls | None
    """``None`` in a real network."""
