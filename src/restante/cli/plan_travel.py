"""Where ``restante plan`` takes travel times from, and how it reads problems without any."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from .output import fail, progress

if TYPE_CHECKING:
    from ..planning.routing.formats import Instance
    from ..wiring.travel import TravelWish

Format = Annotated[
    str | None,
    typer.Option("--format", help="Public format: vrpdo, vrptw, cvrp, vrprdl or gvrp."),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--travel",
        help="Travel times from straight[=1.35], osrm=URL, valhalla=URL, roads=FILE, csv=FILE or"
        " city; without it those of the problem, and straight lines where it has none.",
    ),
]
Profile = Annotated[
    str, typer.Option("--travel-profile", help="Of a road server: driving, auto, truck …")
]
Tile = Annotated[
    int | None,
    typer.Option("--travel-tile", min=1, help="Origins in one request; 100 for OSRM, 50 else."),
]
Cache = Annotated[
    Path | None,
    typer.Option("--travel-cache", help="File that keeps a road server's answers for 90 days."),
]
Estimate = Annotated[
    bool,
    typer.Option("--travel-estimate", help="Estimate pairs that a source does not know."),
]


class TravelOptions(NamedTuple):
    """What was said of travel times."""

    source: str | None = None
    profile: str = ""
    tile: int | None = None
    cache: Path | None = None
    is_estimating: bool = False

    def wish(self) -> "TravelWish":
        """Read what was said; ends with a message where it cannot be meant."""
        from ..planning.travel import NoTravel
        from ..wiring.travel import TravelWish

        try:
            wish = TravelWish.of(self.source or "straight")
        except NoTravel as error:
            fail(f"--travel: {error}")
        return wish._replace(
            profile=self.profile,
            tile=self.tile,
            cache=self.cache,
            is_estimating=self.is_estimating,
        )


def read_instance(file: Path, written_as: str | None, travel: TravelOptions) -> "Instance":
    """Read a problem of a file; ends with a message where it is none.

    Raises
    ------
    ValueError
        What is wrong with the file or with its travel times, and what to do.
    OSError
        When it cannot be read.
    """
    from ..planning.routing.formats import READERS, Instance, read_problem
    from ..planning.travel import Draft
    from ..wiring.travel import find_travels

    text = file.read_text(encoding="utf-8", errors="replace")
    if written_as is not None:
        if travel.source is not None:
            raise ValueError("a public format says how far it is: leave --travel out")
        return READERS[written_as](text, file.stem)
    if travel.source is None:
        # Nearly all problems have theirs; only one without is read twice.
        draft = Draft.from_json(text) if '"durations_s"' not in text else None
        if draft is None or draft.has_travel:
            return read_problem(text)
    else:
        draft = Draft.from_json(text)
    with progress("travel times", total=1.0) as tell:
        problem = find_travels(draft, travel.wish(), lambda share: tell(share, ""))
    return Instance(problem, None)


def check_format(written_as: str | None) -> None:
    """End with a message where a format is none."""
    from ..planning.routing.formats import READERS

    if written_as is not None and written_as not in READERS:
        fail(f"{written_as!r} is no format: give one of {', '.join(READERS)}")
