"""Every macro and element of the web room on a few pages, with made-up data.

Run ``python -m tests.browser.gallery`` and open the address it prints to look at them by hand.
"""

from tests.browser.gallery.app import make_gallery

__all__ = ["make_gallery"]
