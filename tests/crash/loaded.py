"""Loads what a centre loads only when it serves: once, for all that are forked."""

import uvicorn
from litestar import Litestar

import tests.crash.centre  # noqa: F401 - for what it loads

uvicorn.Config(Litestar(), log_config=None).load()
