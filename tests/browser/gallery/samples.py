"""Made-up data in the shapes that the macros and elements take."""

import json
import math
from typing import Any

STATES = ("occupied", "free", "occupied", "reserved", "free", "occupied", "open", "uncertain")
NAMES = ("Rynek", "Dworzec", "Park Północny", "Stare Miasto", "Fabryczna", "Nowa Huta", "Nad Rzeką")


def cabinet() -> dict[str, Any]:
    """Make a cabinet of four columns with a screen."""
    heights = [[80] * 8 + [190] * 4, [190, 190, 410], [190] * 5 + [410], [80] * 4 + [190, 410, 410]]
    columns = []
    number = 0
    for index, column in enumerate(heights):
        cells: list[dict[str, Any]] = []
        if index == 1:
            cells = [{"kind": "screen", "height_mm": 640}]
        room = 1586 - sum(height + 22 for height in [c["height_mm"] for c in cells] + column)
        for height in column:
            number += 1
            state = "out_of_service" if number == 9 else STATES[number * 5 % 8]
            cells.append(
                {"id": f"c_{number}", "number": str(number), "height_mm": height}
                | {"width_mm": 380, "depth_mm": 640, "state": state}
            )
        if room > 40:
            cells.append({"kind": "blank", "height_mm": room - 22})
        columns.append({"width_mm": 380, "cells": cells})
    return {"id": "l_1", "name": "Locker A", "columns": columns}


def series() -> dict[str, Any]:
    """Make two weeks of deposits and collections."""
    times = [1_763_596_800 + 3600 * hour for hour in range(24 * 7)]
    shape = [max(0.0, math.sin((hour % 24 - 7) / 24 * 2 * math.pi)) for hour in range(24 * 7)]
    deposited = [round(40 * value * (1 + 0.2 * math.sin(i))) for i, value in enumerate(shape)]
    collected = [deposited[i - 9] if i >= 9 else None for i in range(len(times))]
    return {
        "label": "Deposited and collected per hour",
        "unit": "parcels",
        "times": times,
        "time_zone": "Europe/Warsaw",
        "series": [
            {"label": "Deposited", "values": deposited, "tone": "accent", "kind": "area"},
            {"label": "Collected", "values": collected, "tone": "info"},
        ],
    }


def console() -> dict[str, Any]:
    """Make what the console page shows."""
    groups = ["ready", "in_transit", "problem", "done", "returning", "last_mile", "announced"]
    parcels = [
        {
            "label": f"00590{index}{7731 * (index + 3)}",
            "group": group,
            "site": NAMES[index],
            "until": f"2026-11-2{index}T18:00:00Z",
            "size": "SMLXSML"[index],
        }
        for index, group in enumerate(groups)
    ]
    return {"parcels": parcels, "cabinet": cabinet(), "series": series()}


def parcel() -> dict[str, Any]:
    """Make what the recipient's page shows."""
    steps = [
        {"title": "Announced by Kestrel Post", "icon": "file-text", "when": "Wed 18 Nov, 09:12"},
        {
            "title": "Out for delivery",
            "icon": "truck",
            "tone": "info",
            "when": "Fri 20 Nov, 07:40",
            "at": "2026-11-20T06:40:00Z",
        },
        {
            "title": "Ready in compartment 14",
            "icon": "package-open",
            "tone": "good",
            "when": "Fri 20 Nov, 11:05",
            "detail": "A low door, as you asked for.",
        },
        {"title": "Collect by Sun 22 Nov, 19:00", "icon": "hourglass", "is_next": True},
    ]
    return {"steps": steps}


def city() -> dict[str, Any]:
    """Make a few streets, a river and a park around 17.03 E, 51.11 N."""
    west, south, step = 16.99, 51.085, 0.006
    features = [
        _feature(
            "water",
            "Polygon",
            [
                [
                    *([16.985, 51.112], [17.04, 51.118], [17.08, 51.113], [17.08, 51.1095]),
                    *([17.04, 51.114], [16.985, 51.108], [16.985, 51.112]),
                ]
            ],
            "Oder",
        ),
        _feature(
            "park",
            "Polygon",
            [[[17.05, 51.091], [17.065, 51.092], [17.064, 51.1], [17.05, 51.099], [17.05, 51.091]]],
            "Park Południowy",
        ),
        _feature("place", "Point", [17.034, 51.104], "Stare Miasto"),
    ]
    for index in range(15):
        x, y = west + index * step, south + index * step * 0.63
        kind = "road" if index % 5 == 2 else "street"
        features.append(
            _feature(kind, "LineString", [[x, 51.085], [x + 0.004, 51.14]], f"Ulica {index}")
        )
        features.append(_feature(kind, "LineString", [[16.985, y], [17.08, y + 0.003]]))
    return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, shape: str, coordinates: Any, name: str = "") -> dict[str, Any]:
    properties = {"kind": kind} | ({"name": name} if name else {})
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def sites() -> dict[str, Any]:
    """Make lockers, counters and one site without connection."""
    features = []
    for index in range(18):
        state = "down" if index == 7 else "closed" if index == 11 else "open"
        properties = {
            "id": f"s_{index}",
            "name": f"{NAMES[index % 7]} {index + 1}",
            "kind": "counter" if index % 6 == 4 else "parcel_room" if index == 9 else "locker",
            "free": (index * 7) % 23,
            "total": 24,
            "state": state,
        }
        at = [17.0 + 0.07 * ((index * 37) % 18) / 18, 51.09 + 0.043 * ((index * 11) % 18) / 18]
        geometry = {"type": "Point", "coordinates": at}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def stream() -> bytes:
    """Make a short event stream: one site fills up, two couriers move."""
    events = [
        ("site", {"id": "s_1", "free": 0}),
        ("courier", [{"id": "u_1", "lng": 17.03, "lat": 51.1, "name": "Ola"}]),
        ("courier", [{"id": "u_2", "lng": 17.05, "lat": 51.12, "name": "Jan"}]),
    ]
    text = "retry: 1000\n\n"
    for number, (name, data) in enumerate(events, start=1):
        text += f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
    return text.encode()
