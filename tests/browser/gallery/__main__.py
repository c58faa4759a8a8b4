"""Serve the gallery on this machine, for looking at it by hand."""

import uvicorn

from tests.browser.gallery.app import make_gallery

uvicorn.run(make_gallery(), host="127.0.0.1", port=8099)
