"""Lists, page by page: the same few lines for each of them."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET

from ..views.shown import Page
from .endpoint import Answer, Call
from .house import House

Item = TypeVar("Item")


async def answer_page(
    call: Call,
    ask: Callable[[str | None, int], Page[Item]],
    show: Callable[[tuple[Item, ...], str | None], Any],
) -> Answer:
    """Answer with one page of a list.

    Parameters
    ----------
    ask
        Raw cursor and limit to a page.
    show
        Items and the next cursor to the document.
    """
    house: House = call.house
    query = call.query
    after = None
    if query.cursor is not UNSET:
        after = house.cursors.read(query.cursor, bound_to=call.place)
    page = await house.read(lambda: ask(after, query.limit))
    following = (
        None if page.cursor is None else house.cursors.write(page.cursor, bound_to=call.place)
    )
    return Answer(show(page.items, following), next_cursor=following or "")


def given(text: Any) -> Any:
    """Turn a filter that was left out into ``None``."""
    return None if text is UNSET else text
