"""Sites and walks as a page that opens from a file and asks nobody for anything."""

import re
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from .assets import STATIC_ROOT, Assets
from .rendering import make_environment
from .site_map import legend, make_site_map

_FONT_FACE: Final = re.compile(r"@font-face\s*\{[^}]*\}")


def write_site_map_file(geojson: Mapping[str, Any], *, title: str) -> str:
    """Write the page.

    Parameters
    ----------
    geojson
        As :func:`restante.planning.siting.geojson.make_geojson` writes it.
    """
    style = "\n".join(
        _FONT_FACE.sub("", _read(f"css/{name}.css")) for name in ("tokens", "app", "route-map")
    )
    template = make_environment(Assets()).get_template("routes/site_map_file.html")
    return template.render(
        title=title,
        map=make_site_map(_drawn(geojson)),
        legend=legend(),
        # What is as usual is left out of an answer's JSON.
        answer={"says": "", "cost": None, "bound": None, "gap": None, **geojson["answer"]},
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(_read("js/route-map.js")),  # noqa: S704 - our own file
    )


def _drawn(geojson: Mapping[str, Any]) -> dict[str, Any]:
    cells, sites = [], []
    for feature in geojson["features"]:
        told, at = feature["properties"], feature["geometry"]["coordinates"]
        if told["kind"] == "cell":
            cells.append([*at, told["demand"], told["meters_before"], told["meters"]])
            continue
        sites.append(
            {
                "id": told["id"],
                "at": at,
                "standing": told["standing"],
                "is_open": told["kind"] == "site",
                "size": told.get("size", ""),
                "demand": told.get("demand", 0.0),
                "meters": told.get("meters"),
                "is_accessible": told["is_accessible"],
                "host": told["host"],
            }
        )
    return {"cells": cells, "sites": sites}


def _read(name: str) -> str:
    return (STATIC_ROOT / name).read_text(encoding="utf-8")
