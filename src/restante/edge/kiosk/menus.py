"""Which buttons, fields and doors belong to which screen: the tables of the flow."""

from typing import Final

from ...core.content import Content
from ..controller import Controller
from .screen import Button, Field, ScreenName, Tone


def make_button(name: str, *, tone: Tone = Tone.PLAIN) -> Button:
    """Make a button whose text has the same name."""
    return Button(name=name, text=f"button.{name}", tone=tone)


TAKES_LABELS: Final = frozenset(
    {
        ScreenName.SCAN,
        ScreenName.SIZE,
        ScreenName.RECEIPT,
        ScreenName.REFUSED,
        ScreenName.RETRIEVE,
        ScreenName.STILL_EMPTY,
    }
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
HINTED: Final = frozenset(ScreenName) - {ScreenName.GOODBYE, ScreenName.LANGUAGE}
HAS_INCIDENT: Final = frozenset(
    {ScreenName.HELP, ScreenName.OUT_OF_SERVICE, ScreenName.REFUSED, ScreenName.DOOR_FAILED}
)
"""Where something went wrong, or may have: a number to call and a code to read out."""
BACK_BUTTONS: Final = ("back", "return", "close", "still_open", "scan_next")
"""What the key *back* presses: the first of these that is on the screen."""
BUTTONS_MAX: Final = 3
"""Large buttons on one screen."""
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
HELP: Final = make_button("help", tone=Tone.TOOL)
_CLOSE: Final = make_button("close", tone=Tone.TOOL)
BUTTONS: Final[dict[ScreenName, tuple[Button, ...]]] = {
    ScreenName.START: (
        make_button("collect", tone=Tone.MAIN),
        make_button("courier"),
        make_button("languages", tone=Tone.TOOL),
        make_button("comfort", tone=Tone.TOOL),
        HELP,
    ),
    ScreenName.LANGUAGE: (_CLOSE,),
    ScreenName.CODE: (_ENTER, _BACK, make_button("mask", tone=Tone.QUIET), HELP),
    ScreenName.COURIER: (_ENTER, _BACK, HELP),
    ScreenName.COURIER_PIN: (_ENTER, _BACK, HELP),
    ScreenName.OPENING: (HELP,),
    ScreenName.TAKE: (HELP,),
    ScreenName.PUT_IN: (make_button("problem"), HELP),
    ScreenName.SHUT_FIRST: (HELP,),
    ScreenName.PROBLEM: (
        make_button("does_not_fit"),
        make_button("dirty"),
        make_button("damaged"),
        make_button("still_open", tone=Tone.TOOL),
    ),
    ScreenName.TAKE_BACK: (HELP,),
    ScreenName.LOOK: (HELP,),
    ScreenName.LOOKED: (
        make_button("found_empty", tone=Tone.MAIN),
        make_button("scan_next"),
        HELP,
    ),
    ScreenName.HELP: (make_button("return", tone=Tone.MAIN), _BACK),
    ScreenName.GOODBYE: (make_button("done", tone=Tone.MAIN),),
}


def scan_buttons(controller: Controller) -> tuple[Button, ...]:
    """List what a courier may do between two parcels; what does not fit comes later."""
    chores: tuple[Button, ...] = ()
    deposit = controller.deposit_in_hand
    if deposit is not None and controller.is_deposited():
        values = {"door": deposit.compartment or ""}
        chores += (Button(name="undo", text="button.undo", values=values),)
    retrievable = controller.retrievable()
    if retrievable:
        values = {"n": str(len(retrievable))}
        chores += (Button(name="retrievals", text="button.retrievals", values=values),)
    chores += tuple(
        Button(name=f"look:{name}", text="button.look", values={"door": name})
        for name in controller.unclear()
    )
    return (*chores[: BUTTONS_MAX - 1], make_button("finish", tone=Tone.MAIN), HELP)


def retrieve_buttons(controller: Controller, page: int) -> tuple[Button, ...]:
    """List the parcels a courier shall take out, door by door, a few at a time."""
    doors = tuple(
        Button(
            name=f"retrieve:{one.parcel}",
            text="button.retrieve",
            values={"door": one.compartment, "label": one.label},
        )
        for one in controller.retrievable()
    )
    return (*turn_to(doors, page, "more"), make_button("scan_next", tone=Tone.TOOL), HELP)


def turn_to(choices: tuple[Button, ...], page: int, more: str) -> tuple[Button, ...]:
    """Give one page of choices, and a button called *more* to turn it; round and round."""
    if len(choices) <= BUTTONS_MAX:
        return choices
    per_page = BUTTONS_MAX - 1
    first = page % -(-len(choices) // per_page) * per_page
    return (*choices[first : first + per_page], make_button(more))


def still_buttons(purpose: str) -> tuple[Button, ...]:
    """List the ways on from a door that was shut on the opposite of what was meant."""
    again = make_button("again", tone=Tone.MAIN)
    if purpose == "deposit":
        return (again, make_button("changed_mind"), HELP)
    return (again, make_button("scan_next" if purpose == "retrieve" else "finish"), HELP)
