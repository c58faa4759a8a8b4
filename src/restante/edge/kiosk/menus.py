"""Which buttons, fields and doors belong to which screen: the tables of the flow."""

from typing import Final

from ...core.content import Content
from ..controller import Controller
from .screen import Button, Field, ScreenName, Tone


def make_button(name: str, *, tone: Tone = Tone.PLAIN) -> Button:
    """Make a button whose text has the same name."""
    return Button(name=name, text=f"button.{name}", tone=tone)


TAKES_LABELS: Final = frozenset(
    {ScreenName.SCAN, ScreenName.REFUSED, ScreenName.RETRIEVE, ScreenName.STILL_EMPTY}
)
STILL_INSIDE: Final = (Content.OCCUPIED, Content.UNCLEAR)
OPEN_SCREENS: Final = {
    "collect": ScreenName.TAKE,
    "deposit": ScreenName.PUT_IN,
    "retrieve": ScreenName.TAKE_BACK,
    "look": ScreenName.LOOK,
}
WATCHED: Final = frozenset(
    {ScreenName.OPENING, ScreenName.SHUT_FIRST, ScreenName.PROBLEM, *OPEN_SCREENS.values()}
)
SHOWS_DOOR: Final = WATCHED | {
    ScreenName.DOOR_FAILED,
    ScreenName.STILL_EMPTY,
    ScreenName.PROBLEM,
    ScreenName.TAKEN,
    ScreenName.LOOKED,
}
HINTED: Final = frozenset(ScreenName) - {ScreenName.GOODBYE}
FIELDS: Final = {
    ScreenName.START: Field.SCAN,
    ScreenName.CODE: Field.CODE,
    ScreenName.COURIER: Field.LOGIN,
    ScreenName.COURIER_PIN: Field.CODE,
    ScreenName.SCAN: Field.LABEL,
    ScreenName.REFUSED: Field.SCAN,
}
MAIN_FINISH: Final = make_button("finish", tone=Tone.MAIN)
_ENTER: Final = make_button("enter", tone=Tone.MAIN)
_BACK: Final = make_button("back")
_HELP: Final = make_button("help", tone=Tone.QUIET)
BUTTONS: Final[dict[ScreenName, tuple[Button, ...]]] = {
    ScreenName.START: (
        make_button("collect", tone=Tone.MAIN),
        make_button("courier"),
        _HELP,
    ),
    ScreenName.CODE: (_ENTER, _BACK, make_button("mask", tone=Tone.QUIET), _HELP),
    ScreenName.COURIER: (_ENTER, _BACK, _HELP),
    ScreenName.COURIER_PIN: (_ENTER, _BACK, _HELP),
    ScreenName.OPENING: (_HELP,),
    ScreenName.TAKE: (_HELP,),
    ScreenName.PUT_IN: (make_button("problem"), _HELP),
    ScreenName.SHUT_FIRST: (_HELP,),
    ScreenName.PROBLEM: (
        make_button("does_not_fit"),
        make_button("dirty"),
        make_button("damaged"),
        make_button("still_open", tone=Tone.QUIET),
    ),
    ScreenName.TAKE_BACK: (_HELP,),
    ScreenName.LOOK: (_HELP,),
    ScreenName.LOOKED: (
        make_button("found_empty", tone=Tone.MAIN),
        make_button("scan_next"),
        _HELP,
    ),
    ScreenName.HELP: (make_button("return", tone=Tone.MAIN), _BACK),
    ScreenName.GOODBYE: (make_button("done", tone=Tone.MAIN),),
}


def scan_buttons(controller: Controller) -> tuple[Button, ...]:
    """List what a courier may do between two parcels."""
    buttons: tuple[Button, ...] = ()
    deposit = controller.deposit_in_hand
    if deposit is not None and controller.is_deposited():
        values = {"door": deposit.compartment or ""}
        buttons += (Button(name="undo", text="button.undo", values=values),)
    retrievable = controller.retrievable()
    if retrievable:
        values = {"n": str(len(retrievable))}
        buttons += (Button(name="retrievals", text="button.retrievals", values=values),)
    buttons += tuple(
        Button(name=f"look:{name}", text="button.look", values={"door": name})
        for name in controller.unclear()[:2]
    )
    return (*buttons, make_button("finish", tone=Tone.MAIN), _HELP)


def retrieve_buttons(controller: Controller) -> tuple[Button, ...]:
    """List the parcels a courier shall take out, door by door."""
    doors = tuple(
        Button(
            name=f"retrieve:{one.parcel}",
            text="button.retrieve",
            values={"door": one.compartment, "label": one.label},
        )
        for one in controller.retrievable()
    )
    return (*doors, make_button("scan_next", tone=Tone.QUIET))


def still_buttons(purpose: str) -> tuple[Button, ...]:
    """List the ways on from a door that was shut on the opposite of what was meant."""
    again = make_button("again", tone=Tone.MAIN)
    if purpose == "deposit":
        return (again, make_button("changed_mind"), _HELP)
    return (again, make_button("scan_next" if purpose == "retrieve" else "finish"), _HELP)
