"""What people write into fields of forms, read with words that name the field."""

from collections.abc import Mapping

from restante.operations.searches import BadSearch


def read_number(
    fields: Mapping[str, str], name: str, default: float, low: float, high: float
) -> float:
    """Read a number; the default where nothing was written.

    Raises
    ------
    BadSearch
        When it is none, or out of range.
    """
    text = fields.get(name, "").strip().replace(",", ".")
    try:
        value = float(text) if text else default
    except ValueError:
        raise BadSearch(f"{name}: {text!r} is no number.") from None
    if not low <= value <= high:
        raise BadSearch(f"{name}: between {low:g} and {high:g}, not {value:g}.")
    return value
