"""``python -m restante.wiring.study_worker``: search for one study and end.

See :mod:`.search_worker`; what can be studied is in :mod:`.study_kinds`.
"""

import msgspec

from .search_worker import Teller, take_order, tell
from .study_kinds import Order, load_kind


def main() -> None:
    """Do what standard input says."""
    order, text = take_order(Order)
    kind = load_kind(order.kind)
    try:
        problem = kind.read(text)
        if not order.seconds:
            return tell({"read": {"name": kind.name_of(problem)}})
        tell({"progress": {"stage": "compiling"}})
        answer = kind.search(problem, order, Teller())
    except ValueError as error:
        return tell({"failed": str(error)})
    papers = {"result": msgspec.Raw(answer.result), "drawn": answer.drawn}
    return tell({"done": {"figures": answer.figures, "papers": papers}})


if __name__ == "__main__":
    main()
